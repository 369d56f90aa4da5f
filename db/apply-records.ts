import { randomUUID } from 'node:crypto'
import type { Kysely, Transaction } from 'kysely'
import type { OrderBounds } from '../objects/event-order.js'
import { type EventRecord, type PendingRecord, type RecordOutcome, isEventRecord } from '../objects/pending-record.js'
import type { Database, ObjectRow } from './database.js'
import { type KeyDecision, decideKey } from './key-decision.js'
import { insertOrLockObjects, readObjects, updateObjects } from './object-rows.js'
import { setAside } from './set-aside-events.js'
import { sqlState } from './sql-state.js'
import { inTransaction } from './transaction.js'
import { takePromisedUploads } from './uploads.js'
import { addToSums, sumChanges } from './usage-sums.js'

/** Hears of what happens while batches are applied. */
export interface ApplyListener {
  onRepeat?: () => void
}

/**
 * Applies a batch of records in one transaction: the rows of their keys and the sums over them change together or not at
 * all. Records of one key are taken together, whatever their order.
 *
 * Where the database refuses a value, the batch is halved until the records of that one key are left, and those are set
 * aside.
 *
 * @returns what became of each record, in the order given
 * @throws when the database does not answer, or kept undoing the transaction; none or all of the batch is then kept
 */
export async function applyRecords (
  database: Kysely<Database>, records: readonly PendingRecord[], bounds: OrderBounds, listener: ApplyListener = {},
): Promise<RecordOutcome[]> {
  try {
    return await inTransaction(database, (transaction) => applyBatch(transaction, records, bounds), listener.onRepeat)
  } catch (error) {
    if (!refusedValue.test(sqlState(error))) throw error
  }
  const keys = [...new Set(records.map(keyOf))]
  if (keys.length <= 1) {
    const reason = 'refused_by_database'
    await setAside(database, records.map((pending) => isEventRecord(pending) ? { reason, record: pending.record } : pending))
    return records.map(() => ({ kind: 'set_aside' }))
  }
  const firstKeys = new Set(keys.slice(0, keys.length >> 1))
  const isFirst = (pending: PendingRecord) => firstKeys.has(keyOf(pending))
  const first = await applyRecords(database, records.filter(isFirst), bounds, listener)
  const second = await applyRecords(database, records.filter((pending) => !isFirst(pending)), bounds, listener)
  return records.map((pending) => (isFirst(pending) ? first : second).shift() ?? { kind: 'set_aside' })
}

// Classes 22 and 23: data exceptions and integrity constraints.
const refusedValue = /^2[23]/

async function applyBatch (
  transaction: Transaction<Database>, records: readonly PendingRecord[], bounds: OrderBounds,
): Promise<RecordOutcome[]> {
  const batch = { revision: randomUUID(), now: new Date(), bounds }
  const byKey = groupByKey(records)
  const decisions = new Map<string, KeyDecision>()
  for (const [objectKey, ofKey] of byKey) decisions.set(objectKey, decideKey(undefined, ofKey, batch))

  const inserted = await insertOrLockObjects(transaction, rowsOf(decisions.values()))
  const existing = [...byKey.keys()].filter((objectKey) => !inserted.has(objectKey))
  const before = new Map<string, ObjectRow>()
  if (existing.length > 0) {
    for (const row of await readObjects(transaction, existing)) {
      before.set(row.object_key, row)
      decisions.set(row.object_key, decideKey(row, byKey.get(row.object_key) ?? [], batch))
    }
    const changed = rowsOf(decisions.values()).filter((row) => before.has(row.object_key))
    if (changed.length > 0) await updateObjects(transaction, changed)
  }

  const after = rowsOf(decisions.values())
  await addToSums(transaction, sumChanges(before, after, (row) => decisions.get(row.object_key)?.settledBy?.event.eventTime))
  const broken = await findBrokenPromises(transaction, after, decisions)
  await setAside(transaction, [
    ...records.flatMap((pending) => isEventRecord(pending) ? [] : [pending]),
    ...[...broken].map(({ record }) => ({ reason: 'size_not_as_promised', record })),
  ])
  return records.map((pending) => {
    if (!isEventRecord(pending) || broken.has(pending)) return { kind: 'set_aside' }
    return decisions.get(pending.event.objectKey)?.outcomeOf(pending) ?? { kind: 'applied' }
  })
}

function groupByKey (records: readonly PendingRecord[]): Map<string, EventRecord[]> {
  const byKey = new Map<string, EventRecord[]>()
  for (const pending of records) {
    if (!isEventRecord(pending)) continue
    const ofKey = byKey.get(pending.event.objectKey)
    if (ofKey === undefined) byKey.set(pending.event.objectKey, [pending])
    else ofKey.push(pending)
  }
  return byKey
}

function rowsOf (decisions: Iterable<KeyDecision>): ObjectRow[] {
  return [...decisions].flatMap(({ row }) => row === undefined ? [] : [row])
}

/** The records that made files of another size than their uploads were promised for. Such files count all the same. */
async function findBrokenPromises (
  transaction: Transaction<Database>, after: readonly ObjectRow[], decisions: ReadonlyMap<string, KeyDecision>,
): Promise<Set<EventRecord>> {
  const present = after.filter((row) => row.removed_at === null)
  const promises = await takePromisedUploads(transaction, present.map((row) => row.object_key))
  const broken = new Set<EventRecord>()
  for (const row of present) {
    const promisedBytes = promises.get(row.object_key) ?? null
    const settledBy = decisions.get(row.object_key)?.settledBy
    if (promisedBytes !== null && promisedBytes !== row.size_bytes && settledBy !== undefined) broken.add(settledBy)
  }
  return broken
}

function keyOf (pending: PendingRecord): string | PendingRecord {
  return isEventRecord(pending) ? pending.event.objectKey : pending
}
