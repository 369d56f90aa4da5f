import { once } from 'node:events'
import { connect as connectSocket, createServer } from 'node:net'
import { type Kysely, sql } from 'kysely'
import pg from 'pg'
import t, { type Test } from 'tap'
import { isDatabaseUnavailable } from '../../../../db/connection/availability.js'
import { migrateToLatest } from '../../../../db/connection/migrate.js'
import { type PostgresOptions, type Route, connectPostgres } from '../../../../db/connection/pool.js'
import { preparedAs } from '../../../../db/connection/prepared-statement.js'
import type { Database } from '../../../../db/connection/tables.js'
import { readStorageUsage } from '../../../../db/usage/storage-usage.js'
import { createServerDatabase, testDatabaseUrl } from '../../../support/database.js'
import { forwardPort } from '../../../support/forwarded-port.js'
import { startPgBouncer, withoutPgBouncer } from '../../../support/pgbouncer.js'
import { findPostgres, startLocalPostgres } from '../../../support/postgres-server.js'

const programs = await findPostgres()
const skip = testDatabaseUrl === undefined ? 'TEST_DATABASE_URL is not set' : withoutPgBouncer

const settingOf = async (database: Kysely<Database>, name: string) =>
  (await sql<{ value: string }>`select current_setting(${name}) as value`.execute(database)).rows[0]?.value

/** Creates a database on a server, with PgBouncer in front of it. */
async function startPooled (t: Pick<Test, 'teardown'>, options: Parameters<typeof startPgBouncer>[1] = {}) {
  const owned = await createServerDatabase(testDatabaseUrl ?? '')
  const { url } = owned
  const bouncer = await startPgBouncer(url, options)
  const pools: Array<Kysely<Database>> = []
  t.teardown(async () => {
    await Promise.all(pools.map((pool) => pool.destroy()))
    await bouncer.stop()
    await owned.close()
  })
  const open = (where: string, postgresOptions: PostgresOptions = {}) => {
    const routes: Route[] = []
    const pool = connectPostgres(where, () => {}, { ...postgresOptions, onConnected: (route) => { routes.push(route) } })
    pools.push(pool)
    return { database: pool, routes }
  }
  return { ...owned, url, bouncer, open }
}

t.test('a connection is known to be direct, or taken for pooled', { skip }, async (t) => {
  const { url, bouncer, open } = await startPooled(t)
  const session = await startPgBouncer(url, { mode: 'session' })
  const lenient = await startPgBouncer(url, { settings: ['ignore_startup_parameters = statement_timeout, options'] })
  const forwarded = new URL(url)
  forwarded.port = String(await forwardPort(t, Number(forwarded.port)))
  t.teardown(async () => { await Promise.all([session.stop(), lenient.stop()]) })
  const isPooled = async (where: string, options: PostgresOptions = {}) => {
    const { database, routes } = open(where, options)
    await sql`select 1`.execute(database)
    return routes.map((route) => route.isPooled)
  }
  t.strictSame(await isPooled(url), [false])
  t.strictSame(await isPooled(bouncer.url), [true])
  t.strictSame(await isPooled(lenient.url), [true])
  t.strictSame(await isPooled(session.url), [true], 'a session that seems to be kept is not relied on')
  t.strictSame(await isPooled(forwarded.href), [true], 'nor is one behind a proxy that passes the server\'s process id on')
  t.strictSame(await isPooled(session.url, { pooler: 'none' }), [false])
  t.strictSame(await isPooled(url, { pooler: 'transaction' }), [true])
})

t.test('the kind of a connection is detected again if one kind of server replaces the other', {
  skip: skip || (programs === undefined && 'PostgreSQL is not installed'),
}, async (t) => {
  const local = await startLocalPostgres(programs ?? '')
  const { url, open } = await startPooled(t)
  const { database, routes } = open(local.url)
  await sql`select 1`.execute(database)
  await local.stop('fast')
  await local.remove()
  const instead = await startPgBouncer(url, { port: Number(new URL(local.url).port) })
  t.teardown(() => instead.stop())
  // The broken connection fails the first statement it is used for.
  await sql`select 1`.execute(database).catch(() => {})
  await sql`select 1`.execute(database)
  t.strictSame(routes.map(({ isPooled }) => isPooled), [false, true])
})

t.test('through a pooler that shares sessions', { skip }, async (t) => {
  const { database: observer, bouncer, open } = await startPooled(t, { settings: ['server_reset_query_always = 0'] })

  t.test('a statement has its bound for as long as it runs, and leaves none behind', async (t) => {
    const { database } = open(bouncer.url, { statementTimeoutMs: 7_000, idleInTransactionTimeoutMs: 8_000 })
    t.equal(await settingOf(database, 'statement_timeout'), '7s')
    t.strictSame((await sql`select 7 as seven`.execute(database)).rows, [{ seven: 7 }], 'without a parameter, too')
    await database.transaction().execute(async (transaction) => {
      t.equal(await settingOf(transaction, 'statement_timeout'), '7s')
      t.equal(await settingOf(transaction, 'idle_in_transaction_session_timeout'), '8s')
    })
    await database.transaction().setIsolationLevel('serializable').execute(async (transaction) => {
      t.equal(await settingOf(transaction, 'transaction_isolation'), 'serializable')
      t.equal(await settingOf(transaction, 'statement_timeout'), '7s')
    })
    const plain = new pg.Client(bouncer.url)
    await plain.connect()
    t.teardown(() => plain.end())
    t.strictSame((await plain.query('show statement_timeout')).rows, [{ statement_timeout: '0' }])
    t.strictSame((await plain.query('select name from pg_prepared_statements')).rows, [])
  })

  t.test('the server ends a statement that waits for a lock, in a transaction or not', async (t) => {
    const { database } = open(bouncer.url, { statementTimeoutMs: 300 })
    await observer.transaction().execute(async (holder) => {
      await sql`lock table usage_sums`.execute(holder)
      const failure = await readStorageUsage(database, { orgKey: 'acme' }).catch((error: unknown) => error)
      t.match(failure, { code: '57014' })
      t.ok(isDatabaseUnavailable(failure))
      await t.rejects(database.transaction().execute(async (transaction) => {
        await sql`select from usage_sums`.execute(transaction)
      }), { code: '57014' })
      await t.rejects(sql`update usage_sums set file_count = 1`.execute(database), { code: '57014' }, 'one that gives no rows')
    })
    t.match(await readStorageUsage(database, { orgKey: 'acme' }), { totalBytes: 0 })
  })

  t.test('sixty at once run the statements that are prepared elsewhere, and refusals are their own', async (t) => {
    const { database } = open(bouncer.url)
    const { database: replica } = open(bouncer.url)
    const double = (value: number) => sql<{ double: number }>`${sql.raw(preparedAs('double'))}select 2 * ${value}::integer as double`
    const divide = sql`${sql.raw(preparedAs('divide'))}select 1 / ${0}::integer`
    await Promise.all(Array.from({ length: 600 }, async (_, index) => {
      const one = index % 2 === 0 ? database : replica
      if (index % 10 === 0) await t.rejects(divide.execute(one), { code: '22012' })
      else t.strictSame((await double(index).execute(one)).rows, [{ double: 2 * index }])
    }))
    t.match(await sql`update orgs set quota_bytes = 1 where org_key = 'nobody' returning org_key`.execute(database),
      { rows: [], numAffectedRows: 0n })
    t.match(await sql`insert into orgs (org_key, quota_bytes) values ('a', 1), ('b', 1)`.execute(database), { numAffectedRows: 2n })
  })

  t.test('a restart of the pooler fails what is under way, and nothing after that', async (t) => {
    const { database } = open(bouncer.url)
    let isRestarted = false
    const failures: unknown[] = []
    const load = Promise.all(Array.from({ length: 60 }, async () => {
      for (let after = 0; after < 20;) {
        const wasRestarted = isRestarted
        try {
          await readStorageUsage(database, { orgKey: 'acme' })
        } catch (error) {
          failures.push(error)
        }
        if (wasRestarted) after++
      }
    }))
    await bouncer.restart()
    isRestarted = true
    await load
    t.ok(failures.every(isDatabaseUnavailable), 'as which they are answered 503')
    await readStorageUsage(database, { orgKey: 'acme' })
  })
})

t.test('replicas migrate by way of a pooler, one after the other, while others use its sessions', { skip }, async (t) => {
  const { database, bouncer, open } = await startPooled(t)
  await sql`drop schema public cascade; create schema public`.execute(database)
  const others = open(bouncer.url).database
  const using = keepUsing(others)
  t.teardown(using.stop)
  const outcomes = await Promise.all(Array.from({ length: 3 }, async () => await migrateToLatest(open(bouncer.url).database)))
  await using.stop()
  t.equal(outcomes.filter(({ applied }) => applied.length > 0).length, 1)
  const { rows: locks } = await sql`
    select from pg_locks join pg_database on pg_database.oid = pg_locks.database
    where locktype = 'advisory' and datname = current_database()`.execute(database)
  t.strictSame(locks, [])
})

t.test('a read is one message to the server, on a connection of its own and on a shared one', { skip }, async (t) => {
  const { url, open } = await startPooled(t)
  for (const pooler of ['none', 'transaction'] as const) {
    const counter = await startMessageCounter(t, url)
    const { database } = open(counter.url, { pooler, planMaxAgeMs: 60_000 })
    await readStorageUsage(database, { orgKey: 'acme' })
    const before = counter.statementCount()
    await readStorageUsage(database, { orgKey: 'acme' })
    t.equal(counter.statementCount() - before, 1, pooler)
    await database.transaction().execute(async (transaction) => { await sql`select 1`.execute(transaction) })
    t.equal(counter.statementCount() - before, 4, `${pooler}: begin, one statement, commit`)
  }
})

/** Runs short statements, ten at a time, until it is stopped. */
function keepUsing (database: Kysely<Database>) {
  const isOver = new AbortController()
  const used = Promise.all(Array.from({ length: 10 }, async () => {
    while (!isOver.signal.aborted) await sql`select pg_sleep(0.001)`.execute(database)
  }))
  return {
    stop: async () => {
      isOver.abort()
      await used
    },
  }
}

/** A proxy that counts the messages that end a statement: Sync (S), or a simple Query (Q). */
async function startMessageCounter (t: Pick<Test, 'teardown'>, url: string) {
  const { port, hostname } = new URL(url)
  let count = 0
  const server = createServer((client) => {
    const upstream = connectSocket(Number(port), hostname)
    let pending = Buffer.alloc(0)
    let isStarted = false
    client.on('data', (bytes) => {
      pending = Buffer.concat([pending, bytes])
      for (;;) {
        // The first message has no type.
        const offset = isStarted ? 1 : 0
        if (pending.length < offset + 4) break
        const length = offset + pending.readInt32BE(offset)
        if (pending.length < length) break
        if (isStarted && 'SQ'.includes(String.fromCharCode(pending[0] ?? 0))) count++
        isStarted = true
        pending = pending.subarray(length)
      }
    })
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      from.pipe(to)
      from.on('error', () => { to.destroy() })
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  const address = server.address()
  const counted = new URL(url)
  counted.port = String(typeof address === 'object' ? address?.port : '')
  return { url: counted.href, statementCount: () => count }
}
