import type { BucketEvent } from './notification.js'
import type { Observation } from './order.js'

/** What the bucket said about a key after the key's row had a revision. */
export interface Answer {
  observation: Observation
  revision: string
}

/** An event of the bucket that is to be applied. */
export interface EventRecord {
  event: BucketEvent
  /** The event as it arrived. */
  record: unknown
  /** Undefined if the bucket was not asked. */
  answer?: Answer | undefined
  /** Whether the store says that the file is a copy of another one. */
  isCopy?: boolean | undefined
}

/** A record that needs a person's attention, to be kept with the reason. */
export interface SetAsideRecord {
  /** Stable across releases. */
  reason: string
  /** A record of a notification, parsed, or the text that arrived in its place. */
  record: unknown
}

/** An item of a batch. */
export type PendingRecord = EventRecord | SetAsideRecord

/** What became of a record, once its batch is committed. */
export type RecordOutcome =
  /**
   * The row of its key reflects the bucket after this event and every earlier one. A late record changed nothing, since the row
   * already said as much or more.
   */
  | { kind: 'applied' }
  | { kind: 'late' }
  | { kind: 'set_aside' }
  /** Applied, and set aside: the file's size differs from its upload's reservation. */
  | { kind: 'not_as_reserved' }
  /** The bucket must be asked about the key, and the record applied again with the answer for this revision. */
  | { kind: 'ask', revision: string }

export function isEventRecord (pending: PendingRecord): pending is EventRecord {
  return 'event' in pending
}
