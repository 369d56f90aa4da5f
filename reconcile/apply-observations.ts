import type { DatabaseHandle } from '../db/connection/tables.js'
import { type ApplyOptions, apply } from '../db/events/apply.js'
import { type ObservationOutcome, type ObservedKey, decideObservation } from './decision.js'

/** What became of a key. */
export interface AppliedObservation {
  /** `refused` if the database refuses to hold it. */
  outcome: ObservationOutcome | 'refused'
  /** Whether its file differs in size from what was reserved for the upload. */
  isSizeMismatch: boolean
}

/**
 * Makes the catalogue agree with what the bucket was seen to hold, except for keys known to have changed since. Rows that
 * already say the same are not touched.
 *
 * @param observedKeys each key once
 * @param clockSkewMs how far the clocks of the store's nodes may differ
 * @returns what became of the keys, in the order given
 * @throws as `apply` does
 */
export async function applyObservations (
  database: DatabaseHandle, observedKeys: readonly ObservedKey[], clockSkewMs: number, options: ApplyOptions = {},
): Promise<AppliedObservation[]> {
  return await apply(database, observedKeys,
    (observed: ObservedKey, known, { now }) => decideObservation(observed, known, clockSkewMs, now), options)
}
