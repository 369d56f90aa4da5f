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
  /** Of the key's row when the bucket was asked about this very key; undefined for an observation from a listing. */
  revision?: string | undefined
}

/** What becomes of an observation. */
export type ObservationOutcome =
  | 'added' | 'removed' | 'corrected'
  /** The catalogue already said the same, or has been made to. */
  | 'unchanged'
  /** The catalogue may know of a later change: the bucket must be asked about the key. */
  | { ask: string }

/**
 * Decides what a key becomes, given what the bucket was seen to hold: exactly that, unless the catalogue already says the same,
 * or may know of a later change. In the latter case the bucket is asked about the key, even if the times say that the bucket
 * was observed later: the clock of the node that listed may be behind.
 *
 * If a known state has a time in the future, the bucket is asked even if it says the same: real changes would seem to be older.
 *
 * @param known undefined if the catalogue knows nothing of the key
 * @param clockSkewMs how far the clocks of the store's nodes may differ from each other and from the database's
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
