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
  /** The catalogue knows of a later change. */
  | 'outdated'
  /** Whether the catalogue's state is older or newer cannot be told: the bucket must be asked about the key. */
  | { ask: string }

/**
 * Decides what a key becomes by what the bucket was seen to hold: just that, unless the catalogue says the same already, or
 * the key is known to have changed after it was seen.
 *
 * @param known undefined where the catalogue says nothing of the key
 * @param clockSkewMs how far apart the clocks of the store's nodes may be, and they from the database's
 * @param now by the database's clock
 */
export function decideObservation (
  { observation, revision }: ObservedKey, known: KnownKey | undefined, clockSkewMs: number, now: Date,
): Decision<ObservationOutcome> {
  const counted = known?.state?.change ?? { kind: 'removed' }
  if (agree(observation.change, counted)) return { next: undefined, outcome: 'unchanged' }
  if (known?.state !== undefined && known.revision !== revision) {
    // What is known from the future would outlast every listing until then.
    if (isAhead(known.state, { clockSkewMs }, now)) return { next: undefined, outcome: { ask: known.revision } }
    // Only events have sequencers.
    const order = compareStates(known.state, observation, { clockSkewMs, isAmazonS3: false })
    if (order === 'newer') return { next: undefined, outcome: 'outdated' }
    if (order === 'unknown') return { next: undefined, outcome: { ask: known.revision } }
  }
  const next = { state: observation, eventTime: undefined }
  if (observation.change.kind === 'removed') return { next, outcome: 'removed' }
  return { next, outcome: counted.kind === 'created' ? 'corrected' : 'added' }
}
