import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { OrderBounds } from '../objects/event-order.js'
import { type EventRecord, type PendingRecord, type RecordOutcome, isEventRecord } from '../objects/pending-record.js'
import type { Database, ObjectRow } from './database.js'
import { type BatchContext, type KeyDecision, decideKey } from './key-decision.js'
import { readObjects } from './object-rows.js'
import { setAside } from './set-aside-events.js'
import { type SettledRow, insertSettledRows, replaceSettledRows } from './settled-rows.js'
import { sqlState } from './sql-state.js'
import { repeatWhereUndone } from './transaction.js'

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

const ROUNDS_MAX = 10
// Classes 22 and 23: data exceptions and integrity constraints.
const refusedValue = /^2[23]/

/**
 * Applies a batch of records. Rows, the sums over them and the promises of uploads change together: one statement inserts
 * the rows of keys that are new, another one replaces the rows of keys that are known, where nobody else did meanwhile.
 * No lock is held between two statements. Records of one key are taken together, whatever their order.
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
    if (round > 0) {
      onRepeat('changed')
      await readBefore(database, open)
    }
    const batch = { revision: randomUUID(), now: new Date(), bounds }
    const onUndone = () => { onRepeat('undone') }
    for (const close of [insertNew, replaceKnown]) {
      const brokenPromises = await close(database, open, decisions, batch, onUndone)
      for (const key of brokenPromises) broken.add(decisions.get(key)?.settledBy)
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

async function readBefore (database: Kysely<Database>, open: Map<string, OpenKey>): Promise<void> {
  for (const key of open.values()) key.before = undefined
  for (const row of await readObjects(database, [...open.keys()])) {
    const key = open.get(row.object_key)
    if (key !== undefined) key.before = row
  }
}

/** Closes the keys that are new; of the others, what is known of their rows is known then. Gives keys of broken promises. */
async function insertNew (
  database: Kysely<Database>, open: Map<string, OpenKey>, decisions: Map<string, KeyDecision>, batch: BatchContext,
  onUndone: () => void,
): Promise<string[]> {
  const settledRows: SettledRow[] = []
  for (const [objectKey, { records, before }] of open) {
    if (before !== undefined) continue
    const decision = decideKey(undefined, records, batch)
    decisions.set(objectKey, decision)
    if (decision.row !== undefined) settledRows.push({ row: decision.row, eventTime: decision.settledBy?.event.eventTime })
  }
  if (settledRows.length === 0) return []
  const { insertedKeys, existingRows, brokenPromises } =
    await repeatWhereUndone(() => insertSettledRows(database, settledRows), onUndone)
  for (const objectKey of insertedKeys) open.delete(objectKey)
  for (const row of existingRows) {
    const key = open.get(row.object_key)
    if (key !== undefined) key.before = row
  }
  return brokenPromises
}

/** Closes the keys whose rows stay as they are, or are replaced. Gives keys of broken promises. */
async function replaceKnown (
  database: Kysely<Database>, open: Map<string, OpenKey>, decisions: Map<string, KeyDecision>, batch: BatchContext,
  onUndone: () => void,
): Promise<string[]> {
  const changes: Array<SettledRow & { before: ObjectRow }> = []
  for (const [objectKey, { records, before }] of open) {
    if (before === undefined) continue
    const decision = decideKey(before, records, batch)
    decisions.set(objectKey, decision)
    if (decision.row === undefined) open.delete(objectKey)
    else changes.push({ row: decision.row, before, eventTime: decision.settledBy?.event.eventTime })
  }
  if (changes.length === 0) return []
  const { replacedKeys, brokenPromises } = await repeatWhereUndone(() => replaceSettledRows(database, changes), onUndone)
  for (const objectKey of replacedKeys) open.delete(objectKey)
  return brokenPromises
}

function keyOf (pending: PendingRecord): string | PendingRecord {
  return isEventRecord(pending) ? pending.event.objectKey : pending
}
