import type { DatabaseHandle } from '../db/connection/tables.js'
import { type ApplyOptions, apply } from '../db/events/apply.js'
import { type ObservationOutcome, type ObservedKey, decideObservation } from './decision.js'

/**
 * Makes the catalogue what the bucket was seen to hold, unless keys are known to have changed after that. Rows that say the
 * same already stay untouched.
 *
 * @param observedKeys each key once
 * @param clockSkewMs how far apart the clocks of the store's nodes may be
 * @returns the outcomes, in the order given; `refused` where the database refuses to hold it
 * @throws as `apply` does
 */
export async function applyObservations (
  database: DatabaseHandle, observedKeys: readonly ObservedKey[], clockSkewMs: number, options: ApplyOptions = {},
): Promise<Array<ObservationOutcome | 'refused'>> {
  const applied = await apply(database, observedKeys,
    (observed: ObservedKey, known, { now }) => decideObservation(observed, known, clockSkewMs, now), options)
  return applied.map(({ outcome }) => outcome)
}
