import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { inTransaction } from '../connection/transaction.js'

/** Limits what an organisation may store, replacing any previous limit. Existing files stay. */
export async function setQuota (database: Kysely<Database>, orgKey: string, quotaBytes: bigint): Promise<void> {
  await inTransaction(database, (transaction) =>
    transaction.insertInto('orgs').values({ org_key: orgKey, quota_bytes: quotaBytes })
      .onConflict((conflict) => conflict.column('org_key').doUpdateSet({ quota_bytes: quotaBytes, updated_at: sql`now()` }))
      .execute())
}

/** Removes an organisation's limit. */
export async function removeQuota (database: Kysely<Database>, orgKey: string): Promise<void> {
  await inTransaction(database, (transaction) => transaction.deleteFrom('orgs').where('org_key', '=', orgKey).execute())
}
