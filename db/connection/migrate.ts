import { type Kysely, type Migration, Migrator } from 'kysely'
import { catalogue } from '../migrations/0001-catalogue.js'
import { reconciliation } from '../migrations/0002-reconciliation.js'
import { usageHistory } from '../migrations/0003-usage-history.js'
import { quotas } from '../migrations/0004-quotas.js'
import type { Database } from './tables.js'

/** Every migration, in the order of their names. A migration that has landed is never edited. */
const migrations: Record<string, Migration> = {
  '0001-catalogue': catalogue,
  '0002-reconciliation': reconciliation,
  '0003-usage-history': usageHistory,
  '0004-quotas': quotas,
}

/**
 * Brings the database to the newest schema. Several replicas may call it at once: Kysely takes an advisory lock.
 *
 * @returns the names of the migrations that this call applied
 * @throws the first migration's error; the migrations of one call are one transaction, so none of them is kept then
 */
export async function migrateToLatest (database: Kysely<Database>): Promise<string[]> {
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => migrations } })
  const { error, results } = await migrator.migrateToLatest()
  if (error !== undefined) throw error
  return (results ?? []).map((result) => result.migrationName)
}
