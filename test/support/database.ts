import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { connectPostgres } from '../../db/connection/pool.js'
import type { Database } from '../../db/connection/tables.js'
import { migrateToLatest } from '../../db/connection/migrate.js'
import { embeddedServerUrl, isEmbeddedServer, withoutEmbeddedServer } from './embedded-server.js'
import { TEMPLATE_DATABASE } from './embedded-template.js'
import { onServer } from './on-server.js'

/** A database that does not answer for so long was left in a transaction. */
const KEPT_DATABASE_TIMEOUT_MS = 1_000

const configuredUrl = process.env.TEST_DATABASE_URL === '' ? undefined : process.env.TEST_DATABASE_URL

/** A PostgreSQL server that tests may create databases on: the configured one, or the embedded one; undefined without both. */
export const testDatabaseUrl = configuredUrl ?? (withoutEmbeddedServer === false ? await embeddedServerUrl() : undefined)

/** A migrated database for one test. */
export interface TestDatabase {
  /** Of which server: the embedded one, or the configured one. */
  kind: 'embedded' | 'server'
  database: Kysely<Database>
  /** Opens another pool of connections, as another replica of the service would; `close` closes it. */
  connect: () => Kysely<Database>
  url: string
  close: () => Promise<void>
}

async function createEmbeddedDatabase (): Promise<TestDatabase> {
  return process.env.TEST_KEEP_DATABASE === 'yes' ? await takeKeptDatabase() : await createServerDatabase(await embeddedServerUrl())
}

/** Left empty by a test that has closed it. */
let kept: TestDatabase | undefined

/** Takes the database of the test before, for test/mutants: to make one takes longer than most tests. */
async function takeKeptDatabase (): Promise<TestDatabase> {
  const taken = kept
  kept = undefined
  const clean = async ({ database }: TestDatabase) => {
    await emptyTables(database)
    await sql`update run_backfill set checkpoint = '', placed_count = 0, finished_at = now()`.execute(database)
    return true
  }
  const isClean = taken !== undefined &&
    await Promise.race([clean(taken), setTimeout(KEPT_DATABASE_TIMEOUT_MS, false)]).catch(() => false)
  const test = isClean ? taken : await createServerDatabase(await embeddedServerUrl())
  return { ...test, close: async () => { kept = test } }
}

/** Creates a migrated database on a server that tests may do so on, and drops it on `close`. */
export async function createServerDatabase (serverUrl: string): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const isEmbedded = isEmbeddedServer(serverUrl)
  // A copy of what is there takes a tenth of the time that migrations take.
  await onServer(serverUrl, `create database ${name}${isEmbedded ? ` template ${TEMPLATE_DATABASE} strategy file_copy` : ''}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const pools: Array<Kysely<Database>> = []
  const connect = () => {
    const pool = connectPostgres(url.href, () => {})
    pools.push(pool)
    return pool
  }
  const database = connect()
  await migrateToLatest(database)
  const close = async () => {
    await Promise.all(pools.map((pool) => pool.destroy()))
    await onServer(serverUrl, `drop database ${name} with (force)`)
  }
  return { kind: isEmbedded ? 'embedded' : 'server', database, connect, url: url.href, close }
}

/** A kind of database that tests run on. */
export interface DatabaseKind {
  /** `role` is a server's database used as a role with hostile settings. */
  kind: TestDatabase['kind'] | 'role'
  /** Ends the names of tests. */
  name: string
  skip: string | false
  create: () => Promise<TestDatabase>
}

/** The kinds of database that tests run on here: the embedded server's, and the configured server's, if there is one. */
export const databaseKinds: readonly DatabaseKind[] = [
  {
    kind: 'embedded',
    name: 'the embedded database',
    skip: process.env.TEST_EMBEDDED_DATABASE === 'no' ? 'TEST_EMBEDDED_DATABASE is no' : withoutEmbeddedServer,
    create: createEmbeddedDatabase,
  },
  {
    kind: 'server',
    name: 'a PostgreSQL server',
    skip: configuredUrl === undefined && 'TEST_DATABASE_URL is not set',
    create: async () => await createServerDatabase(configuredUrl ?? ''),
  },
]

/** Empties every table. */
export async function emptyTables (database: Kysely<Database>): Promise<void> {
  await sql`truncate orgs, objects, usage_sums, runs, run_sums, uploads, set_aside_events, workflows, reconciliations, usage_days, usage_snapshots, user_usage_snapshots, usage_history_start, leases, shares, selections, share_epochs, digests, verifications, unfinished_looks, unfinished_sums`
    .execute(database)
}

/** Resolves once this many connections to the same database as `database` are waiting for locks. */
export async function lockWaits (database: Kysely<Database>, waitingCount = 1): Promise<void> {
  for (let found = 0n; found < waitingCount;) {
    const { rows: [row] } = await sql<{ count: bigint }>`
      select count(distinct pid) as count from pg_locks join pg_stat_activity using (pid)
      where not granted and datname = current_database()`.execute(database)
    found = row?.count ?? 0n
  }
}
