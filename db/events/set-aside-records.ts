import { type Kysely, type SelectQueryBuilder, sql } from 'kysely'
import type { Database, DatabaseHandle } from '../connection/tables.js'
import { dateOf, epochMs, nullableEpochMs } from '../connection/time.js'
import { inTransaction } from '../connection/transaction.js'

/** A record that was set aside. */
export interface SetAsideRow {
  id: bigint
  receivedAt: Date
  reason: string
  /** JSON, or whatever arrived in its place; truncated to a fixed length. It may contain keys. */
  record: string
}

/** Selects the records for which all of these hold. */
export interface SetAsideFilter {
  id?: bigint | undefined
  reason?: string | undefined
  /** The earliest time of arrival. */
  since?: Date | undefined
}

/** How many records are set aside, and when the newest arrived; undefined if there are none. */
export async function countSetAside (database: Kysely<Database>): Promise<{ count: number, newestAt: Date } | undefined> {
  const row = await database.selectFrom('set_aside_events')
    .select([sql<bigint>`count(*)`.as('row_count'), nullableEpochMs(sql`max(received_at)`).as('newest_ms')])
    .executeTakeFirstOrThrow()
  return row.newest_ms === null ? undefined : { count: Number(row.row_count), newestAt: dateOf(row.newest_ms) }
}

/** Reads records that were set aside, the oldest first. */
export async function listSetAside (
  database: Kysely<Database>, filter: SetAsideFilter, { after, limit }: { after: bigint, limit: number },
): Promise<SetAsideRow[]> {
  const rows = await filtered(database.selectFrom('set_aside_events'), filter)
    .select(['id', 'reason', 'record', epochMs('received_at').as('received_ms')])
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(({ received_ms: receivedMs, ...row }) => ({ ...row, receivedAt: dateOf(receivedMs) }))
}

/** Deletes records that were set aside, and returns how many there were. */
export async function discardSetAside (database: Kysely<Database>, filter: SetAsideFilter): Promise<number> {
  const { numDeletedRows } = await database.deleteFrom('set_aside_events')
    .where('id', 'in', filtered(database.selectFrom('set_aside_events'), filter).select('id'))
    .executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}

/**
 * Does some work and removes a record, in one transaction: both happen or neither.
 *
 * @returns false if the record is no longer there; nothing was done then
 * @throws what the work throws
 */
export async function replaceSetAside (
  database: Kysely<Database>, id: bigint, work: (transaction: DatabaseHandle) => Promise<void>,
): Promise<boolean> {
  return await inTransaction(database, async (transaction) => {
    const { numDeletedRows } = await transaction.deleteFrom('set_aside_events').where('id', '=', id).executeTakeFirstOrThrow()
    if (numDeletedRows === 0n) return false
    await work(transaction)
    return true
  })
}

function filtered (
  query: SelectQueryBuilder<Database, 'set_aside_events', object>, { id, reason, since }: SetAsideFilter,
) {
  return query
    .$if(id !== undefined, (part) => part.where('id', '=', id ?? 0n))
    .$if(reason !== undefined, (part) => part.where('reason', '=', reason ?? ''))
    .$if(since !== undefined, (part) => part.where('received_at', '>=', since ?? new Date(0)))
}
