import type { Kysely } from 'kysely'
import { decideRecords } from '../../events/decision.js'
import type { OrderBounds } from '../../events/order.js'
import { type EventRecord, type PendingRecord, type RecordOutcome, isEventRecord } from '../../events/pending-record.js'
import type { Database } from '../connection/tables.js'
import { type ApplyOptions, type ReportedKey, apply } from './apply.js'
import { setAside } from './set-aside.js'

/** How batches of records are applied. */
interface RecordOptions extends ApplyOptions {
  /** Called with how many set-aside records were deleted to make room for newer ones. */
  onTrimmed?: (count: number) => void
}

/** A key with all the records of a batch that concern it. */
interface KeyRecords extends ReportedKey {
  records: EventRecord[]
}

/**
 * Applies a batch of records. Records of the same key are taken together, whatever their order. What cannot be applied is set
 * aside: records that were not understood, and all records of a key that the database refuses to hold.
 *
 * @returns what became of each record, in the order given
 * @throws as `apply` does; some of the records may have been applied by then, and all can be applied again
 */
export async function applyRecords (
  database: Kysely<Database>, records: readonly PendingRecord[], bounds: OrderBounds,
  { onTrimmed = () => {}, ...options }: RecordOptions = {},
): Promise<RecordOutcome[]> {
  const applied = await apply(database, groupByKey(records),
    ({ records }: KeyRecords, known, stamp) => decideRecords(known, records, bounds, stamp), options)
  const outcomes = new Map<PendingRecord, RecordOutcome>()
  for (const { outcome: decided, isSizeMismatch } of applied) {
    if (decided === 'refused') continue
    for (const { record, outcome, isSource } of decided) {
      outcomes.set(record, isSource && isSizeMismatch ? { kind: 'not_as_reserved' } : outcome)
    }
  }
  const trimmedCount = await setAside(database, records.filter((pending) => !outcomes.has(pending))
    .map((pending) => isEventRecord(pending) ? { reason: 'refused_by_database', record: pending.record } : pending))
  if (trimmedCount > 0) onTrimmed(trimmedCount)
  return records.map((pending) => outcomes.get(pending) ?? { kind: 'set_aside' })
}

function groupByKey (records: readonly PendingRecord[]): KeyRecords[] {
  const byKey = new Map<string, KeyRecords>()
  for (const pending of records) {
    if (!isEventRecord(pending)) continue
    const { objectKey, parts } = pending.event
    const key = byKey.get(objectKey)
    if (key === undefined) byKey.set(objectKey, { objectKey, parts, records: [pending] })
    else key.records.push(pending)
  }
  return [...byKey.values()]
}
