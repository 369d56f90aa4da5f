import { type KnownState, type OrderBounds, settle } from './order.js'
import type { EventRecord, RecordOutcome } from './pending-record.js'
import { isSameChange } from './same-change.js'

/** What the catalogue says about a key. */
export interface KnownKey {
  /** Undefined for a placeholder, which says nothing: the bucket is being asked. */
  state: KnownState | undefined
  /** Changes with every update. */
  revision: string
}

/** What the catalogue is to say about a key. */
interface NextState {
  /** Undefined for a placeholder. */
  state: KnownState | undefined
  /** When the event that caused the change happened; undefined if none did. */
  eventTime: Date | undefined
}

/** What becomes of a key. */
export interface Decision<Outcome> {
  /** Undefined if the key stays as it is. */
  next: NextState | undefined
  outcome: Outcome
}

/** What all changes made together have in common. */
export interface ChangeStamp {
  /** The new revision of every key that they change. */
  revision: string
  now: Date
}

/** What becomes of one record of a key. */
export interface DecidedRecord {
  record: EventRecord
  outcome: RecordOutcome
  /** Whether the key's new state comes from this record. */
  isSource: boolean
}

/**
 * Decides what a key becomes, given its records. An answer of the bucket is valid for the revision that the key had when it was
 * asked: it settles the records that it was asked for, and the others are ordered against it.
 *
 * @param known undefined if the catalogue knows nothing of the key
 * @param records not empty, all of one key
 */
export function decideRecords (
  known: KnownKey | undefined, records: readonly EventRecord[], bounds: OrderBounds, stamp: ChangeStamp,
): Decision<DecidedRecord[]> {
  const answered = latestAnswered(records.filter(({ answer }) => known !== undefined && answer?.revision === known.revision))
  const observation = answered?.answer?.observation
  const isAnswered = ({ answer }: EventRecord) => observation !== undefined && answer?.revision === known?.revision
  const open = records.filter((record) => !isAnswered(record))
  const settlement = settle(observation ?? known?.state, open.map(({ event }) => event), bounds, stamp.now)

  const source = settlement.outcome === 'event' ? open.find(({ event }) => event === settlement.event) : answered
  const state = settlement.outcome === 'event' ? settlement.event : observation
  // A key gets a row even if the bucket has to be asked: its revision tells whether the answer is still valid.
  const isChanged = known === undefined || state !== undefined
  const outcomeOf = (record: EventRecord): RecordOutcome => {
    if (isAnswered(record) || settlement.outcome === 'event') return { kind: 'applied' }
    return settlement.outcome === 'ask' ? { kind: 'ask', revision: isChanged ? stamp.revision : known.revision } : { kind: 'late' }
  }
  return {
    next: isChanged ? { state, eventTime: source?.event.eventTime } : undefined,
    outcome: records.map((record) => ({ record, outcome: outcomeOf(record), isSource: record === source })),
  }
}

/** The record with the latest answer; undefined if answers of the same second contradict each other. */
function latestAnswered (records: readonly EventRecord[]): EventRecord | undefined {
  let latest: EventRecord | undefined
  for (const record of records) {
    const [answer, latestAnswer] = [record.answer?.observation, latest?.answer?.observation]
    if (answer === undefined) continue
    const aheadMs = latestAnswer === undefined ? Infinity : answer.observedAt.getTime() - latestAnswer.observedAt.getTime()
    if (aheadMs > 0) latest = record
    else if (aheadMs === 0 && latestAnswer !== undefined && !isSameChange(answer.change, latestAnswer.change)) return undefined
  }
  return latest
}
