import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import t, { type Test } from 'tap'
import { describeDatabaseFailure } from '../../../../db/connection/availability.js'
import { migrateToLatest } from '../../../../db/connection/migrate.js'
import { connectPostgres } from '../../../../db/connection/pool.js'
import type { Database } from '../../../../db/connection/tables.js'
import { backfillRuns, finishBackfill } from '../../../../db/runs/backfill.js'
import { makeObjectIndexes } from '../../../../db/runs/indexes.js'
import { auditSums } from '../../../../db/usage/audit.js'
import { downgradeToFirstVersion, writeEventAsFirstVersion } from '../../../support/earlier-build.js'
import { testDatabaseUrl } from '../../../support/database.js'
import { onServer } from '../../../support/on-server.js'
import { startPgBouncer, withoutPgBouncer } from '../../../support/pgbouncer.js'

const skip = testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set'
const SCHEMA = 'Files of "acme"'
const keyOf = (name: string) =>
  `acme/workflows/${randomUUID()}/runs/${randomUUID()}/users/${randomUUID()}/outputs/AAAAAAAAAAAAAAAAAAAAAA/${name}`

/** Creates a database in which a role owns one schema, and may do nothing else. */
async function createOwnSchema (t: Pick<Test, 'teardown'>) {
  const serverUrl = testDatabaseUrl ?? ''
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const role = `role_${randomUUID().replaceAll('-', '')}`
  await onServer(serverUrl, `create database ${name}`)
  const url = new URL(serverUrl)
  await onServer(serverUrl, `create role ${role} login password '${url.password}'`)
  url.pathname = `/${name}`
  await onServer(url.href, `create schema "${SCHEMA.replaceAll('"', '""')}" authorization ${role}`)
  // Another program's table, in a schema that everyone sees.
  await onServer(url.href, 'create table public.kysely_migration (name varchar(255) primary key, timestamp varchar(255))')
  const ownerUrl = url.href
  url.username = role
  const pools: Array<Kysely<Database>> = []
  t.teardown(async () => {
    await Promise.all(pools.map((pool) => pool.destroy()))
    await onServer(serverUrl, `drop database ${name} with (force)`)
    await onServer(serverUrl, `drop role ${role}`)
  })
  const open = (where: string, query: string, statementTimeoutMs?: number) => {
    const target = new URL(where)
    target.search = query
    const pool = connectPostgres(target.href, () => {}, statementTimeoutMs === undefined ? {} : { statementTimeoutMs })
    pools.push(pool)
    return pool
  }
  return { ownerUrl, url: url.href, role, open }
}

for (const [name, isPooled] of [['a direct connection', false], ['a pooler that shares sessions', true]] as const) {
  for (const [way, query] of [
    ['schema', `schema=${encodeURIComponent(SCHEMA)}`],
    ['options', `options=${encodeURIComponent('-c search_path="Files\\ of\\ ""acme"""')}`],
  ] as const) {
    t.test(`a role that owns its schema alone, which the URL names by ${way}, through ${name}`, {
      skip: skip || (isPooled && withoutPgBouncer),
    }, async (t) => {
      const { ownerUrl, url, open } = await createOwnSchema(t)
      const where = isPooled ? await startPgBouncer(url) : { url, stop: async () => {} }
      t.teardown(() => where.stop())
      const database = open(where.url, query)
      t.not((await migrateToLatest(database)).applied.length, 0)
      await downgradeToFirstVersion(database)
      await writeEventAsFirstVersion(database, keyOf('before.txt'), 10)
      await migrateToLatest(database)
      await writeEventAsFirstVersion(database, keyOf('counted-by-triggers.txt'), 20)
      while ((await backfillRuns(database)).hasMore);
      const unbounded = open(where.url, query, 0)
      t.equal((await makeObjectIndexes(database, { unbounded, signal: new AbortController().signal })).length, 3)
      await finishBackfill(database)
      t.strictSame(await auditSums(database), [])
      t.match(await database.selectFrom('run_sums').select(sql<bigint>`sum(size_bytes)::bigint`.as('bytes')).executeTakeFirst(), { bytes: 30n })
      const observer = open(ownerUrl, '')
      const { rows } = await sql`select distinct schemaname from pg_tables where tablename in ('objects', 'run_sums')`.execute(observer)
      t.strictSame(rows, [{ schemaname: SCHEMA }])
      t.strictSame((await sql`select from public.kysely_migration`.execute(observer)).rows, [], 'and not in another program\'s tables')
    })
  }
}

t.test('a role whose schema is that of its role needs no word about it', { skip: skip || withoutPgBouncer }, async (t) => {
  const { ownerUrl, url, role, open } = await createOwnSchema(t)
  await onServer(ownerUrl, `alter role ${role} set search_path = "${SCHEMA.replaceAll('"', '""')}"`)
  const pooler = await startPgBouncer(url)
  t.teardown(() => pooler.stop())
  t.not((await migrateToLatest(open(pooler.url, ''))).applied.length, 0)
  t.strictSame((await migrateToLatest(open(url, ''))).applied, [])
})

t.test('a schema that is not there, or not the role\'s, is told', { skip }, async (t) => {
  const { url, open } = await createOwnSchema(t)
  for (const [query, message] of [
    ['schema=nothing', /^The database refuses: no schema has been selected to create in\. Name a schema that the role owns, as in .*\?schema=name\.$/],
    ['options=-csearch_path%3Dpg_catalog', /^The database refuses: permission denied .* Name a schema that the role owns/],
  ] as const) {
    const failure: unknown = await migrateToLatest(open(url, query)).catch((error: unknown) => error)
    t.match(describeDatabaseFailure(failure), message)
  }
})
