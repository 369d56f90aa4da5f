import type { BucketEvent, ObjectChange } from './notification.js'
import { isSameChange } from './same-change.js'

/** What the bucket itself said about a key when it was asked. */
export interface Observation {
  change: Exclude<ObjectChange, { kind: 'unclear' }>
  /** By the bucket's clock, to the second. */
  observedAt: Date
}

/** An event, reduced to what decides its place among the other events of its key. */
type EventVersion = Pick<BucketEvent, 'change' | 'eventSource' | 'eventTime' | 'sequencer' | 'versionId'>

/** What is known about a key: what an event said, or what the bucket said. */
export type KnownState = EventVersion | Observation

/** The bounds by which order is decided. */
export interface OrderBounds {
  /**
   * How far the clocks of the store's nodes may differ from each other and from the database's, and an event's time from the
   * change that it reports.
   */
  clockSkewMs: number
  /** For how long removed keys are remembered. */
  tombstoneRetentionMs: number
  /** Whether the store is known to be Amazon S3: others that call themselves `aws:s3` number events in their own ways. */
  isAmazonS3: boolean
}

/** How one state of a key relates to another: later, earlier, the same, or impossible to tell. */
export type Order = 'newer' | 'older' | 'same' | 'unknown'

/** What a key's events make of it. */
export type Settlement =
  /** They say nothing new. */
  | { outcome: 'unchanged' }
  /** The key is what this event says. */
  | { outcome: 'event', event: BucketEvent }
  /** They cannot be ordered, or the last of them says too little: only the bucket knows. */
  | { outcome: 'ask' }

// A tombstone is purged by the database's clock, while an event has the store's.
const RETENTION_MARGIN_MS = 60 * 60 * 1000

/**
 * Orders two states of one key.
 *
 * - Amazon S3 (`aws:s3`) numbers the changes of a key: the greater sequencer came later, "right pad the shorter value with
 * zeros, and then do a lexicographical comparison" (Amazon S3 User Guide, "Event message structure"). That applies only if the
 * store is known to be Amazon's: versitygw calls itself the same, and counts 1, 2, … F, 10 from each of its starts.
 * - MinIO's sequencer and the embedded store's are wall-clock nanoseconds of whichever node made the change, and a deletion
 *   may repeat that of the object it deleted (minio/cmd/event-notification.go, `ToEvent`). They say no more than the
 *   event's time does, so the time decides.
 * - Ceph RGW's sequencer is a time, too, but printed in the machine's byte order: it cannot be compared. The time decides.
 * - Between vendors, and between an event and a look into the bucket, the time decides.
 *
 * Times decide only if they differ by more than clocks may, and an event without a time cannot be ordered. Two states that
 * agree in everything are the same one, delivered twice.
 */
export function compareStates (
  left: KnownState, right: KnownState, { clockSkewMs, isAmazonS3 }: Pick<OrderBounds, 'clockSkewMs' | 'isAmazonS3'>,
): Order {
  if ('eventTime' in left && 'eventTime' in right) {
    if (isSameEvent(left, right)) return 'same'
    const order = isAmazonS3 ? compareAmazonSequencers(left, right) : 'unknown'
    if (order !== 'unknown') return order
  }
  const [leftTime, rightTime] = [timeOf(left), timeOf(right)]
  if (leftTime === undefined || rightTime === undefined) return 'unknown'
  const aheadMs = leftTime.getTime() - rightTime.getTime()
  if (Math.abs(aheadMs) <= clockSkewMs) return 'unknown'
  return aheadMs > 0 ? 'newer' : 'older'
}

/**
 * Works out the state of a key from what was known of it and the events that came in, in whatever order and however often they
 * came. The result is the same for every order of the events. A time that is ahead of now by more than the bound is not
 * believed, neither an event's nor the known state's; past times are, so that working off a backlog does not require asking the
 * bucket about each key.
 *
 * @param known undefined if nothing is known, either because the key is new or because its tombstone was purged
 * @param now by the database's clock, which all replicas share
 */
export function settle (
  known: KnownState | undefined, events: readonly BucketEvent[], bounds: OrderBounds, now: Date,
): Settlement {
  const latest = latestStates(known, events, bounds, now)
  const [winner] = latest
  if (winner === undefined || (latest.length === 1 && winner === known)) return { outcome: 'unchanged' }
  if (latest.length > 1 || !isBucketEvent(winner)) return { outcome: 'ask' }
  if (winner.change.kind === 'unclear' || winner.eventTime === undefined) return { outcome: 'ask' }
  // Its clock is ahead: later events, timed by another clock, would seem older.
  if (isAhead(winner, bounds, now)) return { outcome: 'ask' }
  const ageMs = now.getTime() - winner.eventTime.getTime()
  // The key may have had a later change whose tombstone is gone.
  if (known === undefined && ageMs > bounds.tombstoneRetentionMs - RETENTION_MARGIN_MS) return { outcome: 'ask' }
  return { outcome: 'event', event: winner }
}

/** The states that no other is known to have followed: one if the order is clear, several if it is not. */
function latestStates (
  known: KnownState | undefined, events: readonly BucketEvent[], bounds: OrderBounds, now: Date,
): Array<KnownState | BucketEvent> {
  const isKnownAhead = known !== undefined && isAhead(known, bounds, now)
  let latest: Array<KnownState | BucketEvent> = known === undefined ? [] : [known]
  for (const event of events) {
    let isOutdone = false
    latest = latest.filter((state) => {
      const order = state === known && isKnownAhead ? 'unknown' : compareStates(event, state, bounds)
      if (order === 'older' || order === 'same') isOutdone = true
      return order !== 'newer'
    })
    if (!isOutdone) latest.push(event)
  }
  return latest
}

/** Whether a state's time is ahead of now by more than clocks may differ, in which case it means nothing. */
export function isAhead (state: KnownState, { clockSkewMs }: Pick<OrderBounds, 'clockSkewMs'>, now: Date): boolean {
  const time = timeOf(state)
  return time !== undefined && time.getTime() - now.getTime() > clockSkewMs
}

function isSameEvent (left: EventVersion, right: EventVersion): boolean {
  return left.eventSource === right.eventSource && left.eventTime?.getTime() === right.eventTime?.getTime() &&
    left.sequencer === right.sequencer && left.versionId === right.versionId && isSameChange(left.change, right.change)
}

// Amazon's own have 18 digits, but no guaranteed length; a count that began at 1 stays far below that.
const amazonSequencer = /^[0-9A-Fa-f]{16,}$/

function compareAmazonSequencers (left: EventVersion, right: EventVersion): Order {
  if (left.eventSource !== 'aws:s3' || right.eventSource !== 'aws:s3') return 'unknown'
  const [first = '', second = ''] = [left.sequencer, right.sequencer]
  if (!amazonSequencer.test(first) || !amazonSequencer.test(second)) return 'unknown'
  const length = Math.max(first.length, second.length)
  const [paddedFirst, paddedSecond] = [first, second].map((sequencer) => sequencer.toUpperCase().padEnd(length, '0'))
  if (paddedFirst === undefined || paddedSecond === undefined || paddedFirst === paddedSecond) return 'unknown'
  return paddedFirst > paddedSecond ? 'newer' : 'older'
}

function timeOf (state: KnownState): Date | undefined {
  return 'eventTime' in state ? state.eventTime : state.observedAt
}

function isBucketEvent (state: KnownState | BucketEvent): state is BucketEvent {
  return 'objectKey' in state
}
