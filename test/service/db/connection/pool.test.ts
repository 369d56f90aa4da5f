import { type Kysely, sql } from 'kysely'
import { once } from 'node:events'
import { type Server, type Socket, connect as connectSocket, createServer } from 'node:net'
import t, { type Test } from 'tap'
import { isDatabaseUnavailable } from '../../../../db/connection/availability.js'
import { connectPostgres } from '../../../../db/connection/pool.js'
import type { Database } from '../../../../db/connection/tables.js'
import { preparedAs } from '../../../../db/connection/prepared-statement.js'
import { createServerDatabase, testDatabaseUrl } from '../../../support/database.js'

const backendId = async (database: Kysely<Database>) =>
  (await sql<{ id: number }>`select pg_backend_pid() as id`.execute(database)).rows[0]?.id ?? 0

t.test('connections to a PostgreSQL server', { skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set' }, async (t) => {
  const { database: observer, url, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)

  t.test('64-bit integers arrive as bigint', async (t) => {
    const { rows } = await sql`select 9007199254740993::bigint as value`.execute(observer)
    t.strictSame(rows, [{ value: 9007199254740993n }])
  })

  t.test('a connection that breaks between two statements of a transaction fails that transaction, and no other one', async (t) => {
    const broke: Error[] = []
    const database = connectPostgres(url, (error) => { broke.push(error) })
    t.teardown(() => database.destroy())
    let first = 0
    const transaction = database.transaction().execute(async (transaction) => {
      first = await backendId(transaction)
      await sql`select pg_terminate_backend(${first})`.execute(observer)
      while (broke.length === 0) await sql`select 1`.execute(observer)
      await sql`select 1`.execute(transaction)
    })
    await t.rejects(transaction)
    t.not(await backendId(database), first, 'the next statement has a new connection')
  })

  t.test('a prepared statement is planned again once its tables have grown', async (t) => {
    const database = connectPostgres(url, () => {}, { planMaxAgeMs: 0 })
    t.teardown(() => database.destroy())
    await sql`create table grown (id integer primary key) with (autovacuum_enabled = false)`.execute(observer)
    const find = sql`${sql.raw(preparedAs('find_grown'))}select id from grown where id between 7 and ${7}::integer`
    await database.connection().execute(async (connection) => {
      // PostgreSQL may cache a plan from the sixth execution on.
      for (let execution = 0; execution < 6; execution++) t.strictSame((await find.execute(connection)).rows, [])
      const plan = async () => JSON.stringify((await sql`explain execute find_grown(7)`.execute(connection)).rows)
      const planOfEmpty = await plan()
      await sql`insert into grown select generate_series(1, 100000)`.execute(observer)
      t.equal(await plan(), planOfEmpty, 'a plan is kept')
      t.strictSame((await find.execute(connection)).rows, [{ id: 7 }])
      t.not(await plan(), planOfEmpty, 'and discarded before the next execution')
    })
  })

  t.test('a statement that the server refuses leaves its connection in use', async (t) => {
    const database = connectPostgres(url, () => {})
    t.teardown(() => database.destroy())
    const first = await backendId(database)
    await t.rejects(sql`select 1 / 0`.execute(database), { code: '22012' })
    t.equal(await backendId(database), first)
  })

  t.test('a server that stops answering fails the transaction within a bound, and its connection is not used again', async (t) => {
    const proxy = await startProxy(t, url)
    const database = connectPostgres(proxy.url, () => {}, {
      connectTimeoutMs: 3_000, statementTimeoutMs: 10_000, answerTimeoutMs: 300, idleInTransactionTimeoutMs: 10_000,
    })
    t.teardown(() => database.destroy())
    const transaction = database.transaction().execute(async (transaction) => {
      await backendId(transaction)
      proxy.freeze()
      await sql`select 1`.execute(transaction)
    })
    const error: unknown = await transaction.then(() => undefined, (reason: unknown) => reason)
    t.ok(isDatabaseUnavailable(error), 'the error says that the database does not answer')
    proxy.thaw()
    t.ok(await backendId(database) > 0)
    t.equal(proxy.connectionCount, 2, 'the next statement has a new connection')
  })
})

/** A proxy to the server that can stop passing anything on, like a frozen server. */
async function startProxy (t: Pick<Test, 'teardown'>, url: string) {
  const { port, hostname } = new URL(url)
  const sockets = new Set<Socket>()
  let frozen = false
  let connectionCount = 0
  const server: Server = createServer((client) => {
    connectionCount++
    const upstream = connectSocket(Number(port), hostname)
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(from)
      from.on('data', (bytes) => { if (!frozen) to.write(bytes) })
      from.on('close', () => { to.destroy() })
      from.on('error', () => { to.destroy() })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  const proxied = new URL(url)
  proxied.hostname = '127.0.0.1'
  proxied.port = String(typeof address === 'object' ? address?.port : '')
  return {
    url: proxied.href,
    freeze: () => { frozen = true },
    thaw: () => { frozen = false },
    get connectionCount () { return connectionCount },
  }
}
