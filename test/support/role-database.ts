import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import { connectPostgres } from '../../db/connection/pool.js'
import type { Database } from '../../db/connection/tables.js'
import { type DatabaseKind, type TestDatabase, createServerDatabase, databaseKinds, testDatabaseUrl } from './database.js'
import { onServer } from './on-server.js'

/** Settings under which PostgreSQL writes values, reads text or plans in unusual ways. */
export const hostileSettings: Readonly<Record<string, string>> = {
  DateStyle: 'German, DMY',
  TimeZone: 'Pacific/Apia',
  timezone_abbreviations: 'India',
  IntervalStyle: 'sql_standard',
  extra_float_digits: '-15',
  bytea_output: 'escape',
  standard_conforming_strings: 'off',
  backslash_quote: 'on',
  escape_string_warning: 'off',
  array_nulls: 'off',
  transform_null_equals: 'on',
  quote_all_identifiers: 'on',
  client_min_messages: 'debug5',
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_indexscan: 'off',
  enable_bitmapscan: 'off',
  from_collapse_limit: '1',
  join_collapse_limit: '1',
  plan_cache_mode: 'force_generic_plan',
  lc_messages: 'C',
  lc_numeric: 'C',
  row_security: 'off',
  // The service's connections set their own statement timeout, with their first statement.
  statement_timeout: '500',
  // Tables are found where they were made, although new ones would be made elsewhere.
  search_path: 'elsewhere, public',
}
// Lists of names, which quotes would turn into a single one.
const unquotedSettings = new Set(['DateStyle', 'search_path'])

/** Creates a migrated database, and a role that connects to it with its own settings; `close` drops both. */
export async function createRoleDatabase (settings: Readonly<Record<string, string>>): Promise<TestDatabase> {
  const serverUrl = testDatabaseUrl ?? ''
  const owned = await createServerDatabase(serverUrl)
  const { url: ownerUrl } = owned
  const name = `role_${randomUUID().replaceAll('-', '')}`
  const url = new URL(ownerUrl)
  url.username = name
  await onServer(ownerUrl, `create role ${name} login superuser password '${url.password}'`)
  for (const [setting, value] of Object.entries(settings)) {
    await onServer(ownerUrl, `alter role ${name} set ${setting} = ${unquotedSettings.has(setting) ? value : `'${value}'`}`)
  }
  await onServer(ownerUrl, 'create schema elsewhere')
  const pools: Array<Kysely<Database>> = []
  const connect = () => {
    const pool = connectPostgres(url.href, () => {})
    pools.push(pool)
    return pool
  }
  const close = async () => {
    await Promise.all(pools.map((pool) => pool.destroy()))
    await owned.close()
    await onServer(serverUrl, `drop role ${name}`)
  }
  return { ...owned, database: connect(), connect, url: url.href, close }
}

// Serializable transactions are rolled back more often than they are repeated if many of one tenant's run at once:
// test/service/db/role-settings.test.ts covers that.
const { default_transaction_isolation: _, ...sharedSettings } = hostileSettings

/** The kinds of database that tests run on, and a server's as a role with hostile settings. */
export const databaseKindsAndRole: readonly DatabaseKind[] = [...databaseKinds, {
  kind: 'role',
  name: 'a PostgreSQL server as a role with settings of its own',
  skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set',
  create: () => createRoleDatabase(sharedSettings),
}]
