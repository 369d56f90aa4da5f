import type { DatabaseHandle } from '../db/connection/tables.js'
import { type ApplyOptions, apply } from '../db/events/apply.js'
import { type ObservationOutcome, type ObservedKey, decideObservation } from './decision.js'

/** What became of a key. */
export interface AppliedObservation {
  /** `refused` where the database refuses to hold it. */
  outcome: ObservationOutcome | 'refused'
  /** Whether its file is of another size than was reserved for the upload. */
  isSizeMismatch: boolean
}

/**
 * Makes the catalogue what the bucket was seen to hold, unless keys are known to have changed after that. Rows that say the
 * same already stay untouched.
 *
 * @param observedKeys each key once
 * @param clockSkewMs how far apart the clocks of the store's nodes may be
 * @returns what became of the keys, in the order given
 * @throws as `apply` does
 */
export async function applyObservations (
  database: DatabaseHandle, observedKeys: readonly ObservedKey[], clockSkewMs: number, options: ApplyOptions = {},
): Promise<AppliedObservation[]> {
  return await apply(database, observedKeys,
    (observed: ObservedKey, known, { now }) => decideObservation(observed, known, clockSkewMs, now), options)
}
