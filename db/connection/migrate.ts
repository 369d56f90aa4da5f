import { type Kysely, type Migration, type Transaction, sql } from 'kysely'
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
import { runsFirstSeen } from '../migrations/0011-runs-first-seen.js'
import { newestEventCounted } from '../migrations/0012-newest-event-counted.js'
import { multipartUploads } from '../migrations/0013-multipart-uploads.js'
import { digests } from '../migrations/0014-digests.js'
import { shares } from '../migrations/0015-shares.js'
import { unfinishedUploads } from '../migrations/0016-unfinished-uploads.js'
import { selections } from '../migrations/0017-selections.js'
import { openRanges } from '../migrations/0018-open-ranges.js'
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
  '0011-runs-first-seen': runsFirstSeen,
  '0012-newest-event-counted': newestEventCounted,
  '0013-multipart-uploads': multipartUploads,
  '0014-digests': digests,
  '0015-shares': shares,
  '0016-unfinished-uploads': unfinishedUploads,
  '0017-selections': selections,
  '0018-open-ranges': openRanges,
}

/** The result of bringing a database to the newest schema. */
export interface MigrationOutcome {
  /** Names of the migrations that this call applied. */
  applied: string[]
  /** Names of migrations that a newer build has applied. They only add, so this build still works. */
  newer: string[]
}

// The advisory lock that Kysely's own migrator takes, and so do builds before 0.2.
const LOCK = sql.lit('3853314791062309107')

/**
 * Brings the database to the newest schema that this build knows, in one transaction. Several replicas may call it at once:
 * they take turns with an advisory lock that ends with the transaction, so this also works behind a pooler.
 *
 * The tables are those of Kysely's migrator, which builds before 0.2 use and which holds its lock across transactions.
 *
 * @throws the first migration's error; nothing is kept then
 */
export async function migrateToLatest (database: Kysely<Database>): Promise<MigrationOutcome> {
  const names = await readApplied(database)
  if (names !== undefined && missingOf(names).length === 0) return { applied: [], newer: newerOf(names) }
  return await database.transaction().setIsolationLevel('read committed').execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(${LOCK}::bigint)`.execute(transaction)
    const names = await readApplied(transaction) ?? await createTables(transaction)
    const applied = missingOf(names)
    for (const name of applied) {
      await migrations[name]?.up(transaction)
      await sql`insert into kysely_migration (name, timestamp) values (${name}, ${new Date().toISOString()})`.execute(transaction)
    }
    return { applied, newer: newerOf(names) }
  })
}

function missingOf (names: readonly string[]): string[] {
  return Object.keys(migrations).sort().filter((name) => !names.includes(name))
}

function newerOf (names: readonly string[]): string[] {
  return names.filter((name) => !(name in migrations))
}

/** Names of the migrations that are applied, in order; undefined if there is no table of them. */
async function readApplied (database: Kysely<Database>): Promise<string[] | undefined> {
  // Reading pg_class first makes visible what others committed while we waited for the lock: a bare name is looked up in a
  // cache that lasts as long as the transaction.
  const { rows: [table] } = await sql<{ exists: boolean }>`
    select exists (select from pg_class where oid = to_regclass('kysely_migration')) as exists`.execute(database)
  if (table?.exists !== true) return undefined
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name collate "C"`.execute(database)
  return rows.map(({ name }) => name)
}

/** A build before 0.2 may be creating them at the same time, since it does so without the lock. */
async function createTables (transaction: Transaction<Database>): Promise<string[]> {
  await sql`
    create table if not exists kysely_migration (name varchar(255) not null primary key, timestamp varchar(255) not null)`.execute(transaction)
  await sql`
    create table if not exists kysely_migration_lock (
      id varchar(255) not null primary key, is_locked integer not null default 0
    )`.execute(transaction)
  await sql`insert into kysely_migration_lock (id) values ('migration_lock') on conflict do nothing`.execute(transaction)
  return []
}
