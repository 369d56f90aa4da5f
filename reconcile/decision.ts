import type { Decision, KnownKey } from '../events/decision.js'
import { type Observation, compareStates, isAhead } from '../events/order.js'
import { agree } from '../events/same-change.js'
import type { ObjectKeyParts } from '../objects/object-key.js'

/** What the bucket was seen to hold under a key. */
export interface ObservedKey {
  objectKey: string
  parts: ObjectKeyParts
  observation: Observation
  /** Whether the catalogue was seen to have the key. */
  isLikelyKnown?: boolean
  /** Of the key in the catalogue when the bucket was asked about just this key; undefined where a listing told. */
  revision?: string | undefined
}

/** What becomes of an observation. */
export type ObservationOutcome =
  | 'added' | 'removed' | 'corrected'
  /** The catalogue says the same, or came to say so. */
  | 'unchanged'
  /** The catalogue may know of a later change: the bucket must be asked about the key. */
  | { ask: string }

/**
 * Decides what a key becomes by what the bucket was seen to hold: just that, unless the catalogue says the same already, or
 * may know of a later change. Then the bucket is asked about the key, also where the times say that the change came later: the
 * node that listed may have a clock that is behind.
 *
 * What is known from the future is asked about even where the bucket says the same: true changes would seem to be older.
 *
 * @param known undefined where the catalogue says nothing of the key
 * @param clockSkewMs how far apart the clocks of the store's nodes may be, and they from the database's
 * @param now by the database's clock
 */
export function decideObservation (
  { observation, revision }: ObservedKey, known: KnownKey | undefined, clockSkewMs: number, now: Date,
): Decision<ObservationOutcome> {
  const counted = known?.state?.change ?? { kind: 'removed' }
  const isKnownAhead = known?.state !== undefined && isAhead(known.state, { clockSkewMs }, now)
  const isAgreed = agree(observation.change, counted)
  if (isAgreed && !isKnownAhead) return { next: undefined, outcome: 'unchanged' }
  if (known?.state !== undefined && known.revision !== revision) {
    // Only events have sequencers.
    const order = compareStates(known.state, observation, { clockSkewMs, isAmazonS3: false })
    if (isKnownAhead || order !== 'older') return { next: undefined, outcome: { ask: known.revision } }
  }
  const next = { state: observation, eventTime: undefined }
  if (isAgreed) return { next, outcome: 'unchanged' }
  if (observation.change.kind === 'removed') return { next, outcome: 'removed' }
  return { next, outcome: counted.kind === 'created' ? 'corrected' : 'added' }
}
