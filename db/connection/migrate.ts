import { type Kysely, type Migration, Migrator, sql } from 'kysely'
import { catalogue } from '../migrations/0001-catalogue.js'
import { reconciliation } from '../migrations/0002-reconciliation.js'
import { usageHistory } from '../migrations/0003-usage-history.js'
import { quotas } from '../migrations/0004-quotas.js'
import { leases } from '../migrations/0005-leases.js'
import { usageHistoryStart } from '../migrations/0006-usage-history-start.js'
import { fulfilledUploads } from '../migrations/0007-fulfilled-uploads.js'
import { disorderedListings } from '../migrations/0008-disordered-listings.js'
import { runs } from '../migrations/0009-runs.js'
import { usageHistoryOfUsers } from '../migrations/0010-usage-history-of-users.js'
import type { Database } from './tables.js'

/** Every migration, in the order of their names. A migration that has landed is never edited. */
const migrations: Record<string, Migration> = {
  '0001-catalogue': catalogue,
  '0002-reconciliation': reconciliation,
  '0003-usage-history': usageHistory,
  '0004-quotas': quotas,
  '0005-leases': leases,
  '0006-usage-history-start': usageHistoryStart,
  '0007-fulfilled-uploads': fulfilledUploads,
  '0008-disordered-listings': disorderedListings,
  '0009-runs': runs,
  '0010-usage-history-of-users': usageHistoryOfUsers,
}

/** What bringing a database to the newest schema came to. */
export interface MigrationOutcome {
  /** Names of the migrations that this call applied. */
  applied: string[]
  /** Names of migrations that a newer build has applied. They only add, so this build works beside them. */
  newer: string[]
}

/**
 * Brings the database to the newest schema that this build knows. Several replicas may call it at once: Kysely takes an
 * advisory lock.
 *
 * @throws the first migration's error; the migrations of one call are one transaction, so none of them is kept then
 */
export async function migrateToLatest (database: Kysely<Database>): Promise<MigrationOutcome> {
  // Not by the provider: Kysely calls that while it holds the only connection of an embedded database.
  let newer = await readNewerMigrations(database)
  for (;;) {
    const { error, results } = await migrate(database, newer)
    if (error === undefined) return { applied: (results ?? []).map((result) => result.migrationName), newer }
    const newerNow = await readNewerMigrations(database)
    // A newer build may have migrated between the two.
    if (newerNow.length === newer.length) throw error
    newer = newerNow
  }
}

async function migrate (database: Kysely<Database>, newer: readonly string[]) {
  // Kysely refuses a database that has migrations which it is not given.
  const known = { ...migrations, ...Object.fromEntries(newer.map((name) => [name, { up: async () => {} }])) }
  return await new Migrator({ db: database, provider: { getMigrations: async () => known } }).migrateToLatest()
}

/** Names of migrations that are applied and that this build does not have. */
async function readNewerMigrations (database: Kysely<Database>): Promise<string[]> {
  const { rows: [table] } = await sql<{ exists: boolean }>`
    select to_regclass('kysely_migration') is not null as exists`.execute(database)
  if (table?.exists !== true) return []
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name collate "C"`.execute(database)
  return rows.map(({ name }) => name).filter((name) => !(name in migrations))
}
