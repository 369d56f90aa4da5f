import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { OrderBounds } from '../../events/order.js'
import { type EventRecord, type PendingRecord, type RecordOutcome, isEventRecord } from '../../events/pending-record.js'
import type { Database, ObjectRow } from '../connection/tables.js'
import { type BatchContext, type KeyDecision, decideKey } from './key-decision.js'
import { readObjects } from './object-rows.js'
import { setAside } from './set-aside.js'
import { type SettledRow, writeSettledRows } from './settled-rows.js'
import { sqlState } from '../connection/sql-state.js'
import { repeatWhereUndone } from '../connection/transaction.js'

/** Why something is done once more. */
export type RepeatCause = 'undone' | 'changed'

/** Hears of what happens while batches are applied. */
export interface ApplyListener {
  /** The server undid a statement for the sake of another one, or rows changed before they could be replaced. */
  onRepeat?: (cause: RepeatCause) => void
}

/** Rows kept changing under a batch. */
export class ContendedRowsError extends Error {
  override name = 'ContendedRowsError'
}

// In each round that is lost another batch has won: a batch may lose as many as others are under way, of all replicas.
const ROUNDS_MAX = 100
// Classes 22 and 23: data exceptions and integrity constraints.
const refusedValue = /^2[23]/

/**
 * Applies a batch of records. Rows, the sums over them and the promises of uploads change together, in one statement, which
 * is a transaction of its own: no lock is held between two statements. It is given every key as a new one; where some are
 * known it writes nothing and gives their rows, and is given all of them once more. Rows that somebody else changed in
 * between are read and settled again. Records of one key are taken together, whatever their order.
 *
 * Where the database refuses a value, the batch is halved until the records of that one key are left, and those are set
 * aside.
 *
 * @returns what became of each record, in the order given
 * @throws {ContendedRowsError} when rows kept changing
 * @throws when the database does not answer; some of the records may be applied then, and all can be applied again
 */
export async function applyRecords (
  database: Kysely<Database>, records: readonly PendingRecord[], bounds: OrderBounds, listener: ApplyListener = {},
): Promise<RecordOutcome[]> {
  try {
    return await applyBatch(database, records, bounds, listener)
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

/** A key whose records are not applied yet. */
interface OpenKey {
  records: EventRecord[]
  /** As last read; undefined where there was none. */
  before: ObjectRow | undefined
}

async function applyBatch (
  database: Kysely<Database>, records: readonly PendingRecord[], bounds: OrderBounds, { onRepeat = () => {} }: ApplyListener,
): Promise<RecordOutcome[]> {
  const open = groupByKey(records)
  const decisions = new Map<string, KeyDecision>()
  const broken = new Set<EventRecord | undefined>()
  for (let round = 0; open.size > 0; round++) {
    if (round === ROUNDS_MAX) throw new ContendedRowsError('Rows kept changing while records were applied to them.')
    const settledRows = decideKeys(open, decisions, { revision: randomUUID(), now: new Date(), bounds })
    if (settledRows.length === 0) break
    const { writtenKeys, knownRows, brokenPromises } =
      await repeatWhereUndone(() => writeSettledRows(database, settledRows), () => { onRepeat('undone') })
    for (const objectKey of writtenKeys) open.delete(objectKey)
    for (const objectKey of brokenPromises) broken.add(decisions.get(objectKey)?.settledBy)
    if (knownRows.length > 0) {
      remember(open, knownRows)
    } else if (open.size > 0) {
      onRepeat('changed')
      for (const key of open.values()) key.before = undefined
      remember(open, await readObjects(database, [...open.keys()]))
    }
  }
  await setAside(database, records.flatMap((pending) => isEventRecord(pending) ? [] : [pending]))
  return records.map((pending) => {
    if (!isEventRecord(pending) || broken.has(pending)) return { kind: 'set_aside' }
    return decisions.get(pending.event.objectKey)?.outcomeOf(pending) ?? { kind: 'applied' }
  })
}

function groupByKey (records: readonly PendingRecord[]): Map<string, OpenKey> {
  const byKey = new Map<string, OpenKey>()
  for (const pending of records) {
    if (!isEventRecord(pending)) continue
    const open = byKey.get(pending.event.objectKey)
    if (open === undefined) byKey.set(pending.event.objectKey, { records: [pending], before: undefined })
    else open.records.push(pending)
  }
  return byKey
}

function remember (open: Map<string, OpenKey>, rows: readonly ObjectRow[]): void {
  for (const row of rows) {
    const key = open.get(row.object_key)
    if (key !== undefined) key.before = row
  }
}

/** Closes the keys whose rows stay as they are. Gives the rows that the others shall have. */
function decideKeys (open: Map<string, OpenKey>, decisions: Map<string, KeyDecision>, batch: BatchContext): SettledRow[] {
  const settledRows: SettledRow[] = []
  for (const [objectKey, { records, before }] of open) {
    const decision = decideKey(before, records, batch)
    decisions.set(objectKey, decision)
    if (decision.row === undefined) open.delete(objectKey)
    else settledRows.push({ row: decision.row, before, eventTime: decision.settledBy?.event.eventTime })
  }
  return settledRows
}

function keyOf (pending: PendingRecord): string | PendingRecord {
  return isEventRecord(pending) ? pending.event.objectKey : pending
}
