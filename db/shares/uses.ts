import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { inTransaction } from '../connection/transaction.js'

/** Further uses of a share link. */
interface Uses {
  id: string
  count: number
  /** In milliseconds since 1970. */
  lastUsedMs: number
}

/**
 * Adds uses of share links to those that are written, in one statement. Rows are locked in the order of their ids.
 *
 * @returns how many of the links the database knows
 */
export async function addShareUses (database: Kysely<Database>, uses: readonly Uses[]): Promise<number> {
  const { numAffectedRows = 0n } = await inTransaction(database, (transaction) => sql`
    with used as materialized (
      select id, count, last_used_ms from json_to_recordset(${JSON.stringify(uses.map(({ id, count, lastUsedMs }) => ({
        id, count, last_used_ms: lastUsedMs,
      })))}::json) as used (id uuid, count bigint, last_used_ms bigint)
    ), locked as materialized (
      select shares.id from shares where shares.id in (select id from used) order by shares.id for no key update
    )
    update shares set
      use_count = use_count + used.count,
      last_used_at = greatest(last_used_at, to_timestamp(used.last_used_ms / 1000.0))
    from used join locked using (id)
    where shares.id = used.id`.execute(transaction))
  return Number(numAffectedRows)
}
