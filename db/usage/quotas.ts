import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'

/** Limits what an organisation may store, in place of any limit before. Files that are there already stay. */
export async function setQuota (database: Kysely<Database>, orgKey: string, quotaBytes: bigint): Promise<void> {
  await database.insertInto('orgs').values({ org_key: orgKey, quota_bytes: quotaBytes })
    .onConflict((conflict) => conflict.column('org_key').doUpdateSet({ quota_bytes: quotaBytes, updated_at: sql`now()` }))
    .execute()
}

/** Removes an organisation's limit. */
export async function removeQuota (database: Kysely<Database>, orgKey: string): Promise<void> {
  await database.deleteFrom('orgs').where('org_key', '=', orgKey).execute()
}
