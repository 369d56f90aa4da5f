import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import t from 'tap'
import { POOL_SIZE, connectPostgres } from '../../../db/connection/pool.js'
import { compileCommands } from '../../support/command-process.js'
import { findPostgres } from '../../support/postgres-server.js'
import { startServiceProcess } from '../../support/service-process.js'
import { signToken, validClaims } from '../../support/tokens.js'
import { checkCounted, checkRecovery } from './checks.js'
import { Load, runSettings } from './load.js'
import { startPostgres, startStore } from './servers.js'

const JWT_SECRET = 'secret-of-the-tokens-in-the-fault-run'
const FREEZE_MS = 4_000
const POLL_MS = 20
const HALF_OPEN_CLIENTS = 1_000

const programs = await findPostgres()

t.test('under load, faults end in bounded answers, recovery without a restart, and exact sums', {
  skip: programs === undefined && 'no PostgreSQL server is installed', timeout: 280_000,
}, async (t) => {
  const postgres = await startPostgres(t, programs ?? '')
  const store = await startStore(t)
  const commands = await compileCommands(t)
  const environment = {
    ...runSettings,
    S3_ENDPOINT: store.target.endpoint,
    S3_BUCKET: store.target.bucket,
    S3_ACCESS_KEY: store.target.credentials.current.accessKey,
    S3_SECRET_KEY: store.target.credentials.current.secretKey,
    DATABASE_URL: postgres.url,
    JWT_SECRET,
    LOG_LEVEL: 'info',
  }
  // It ends with the whole test, even if one of the faults starts it.
  const startService = () => startServiceProcess(t, commands, environment)
  let service = await startService()
  const load = new Load({
    origin: () => service.origin,
    authorization: `Bearer ${signToken(JWT_SECRET, validClaims())}`,
    store: store.target,
  })
  await load.recovery()

  await t.test('PostgreSQL frozen', async (t) => {
    await postgres.freeze()
    await setTimeout(FREEZE_MS)
    await postgres.thaw()
    await checkRecovery(t, load, [503])
  })

  await t.test('PostgreSQL stopped and started again', async (t) => {
    await postgres.kill()
    await load.failure('usage', [503])
    await postgres.start()
    await checkRecovery(t, load, [503])
  })

  await t.test('every connection waiting for a lock that somebody else holds, and more requests than connections', async (t) => {
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    await client.query('begin')
    await client.query('lock table usage_sums, uploads, objects in access exclusive mode')
    const first = load.readUsage(2 * POOL_SIZE)
    const waiting = 'select distinct pid from pg_locks where not granted'
    while ((await client.query(waiting)).rowCount !== POOL_SIZE) await setTimeout(POLL_MS)
    for (const { status, code } of await load.readUsage(POOL_SIZE)) t.strictSame([status, code], [503, 'DATABASE_UNAVAILABLE'])
    t.equal((await client.query(waiting)).rowCount, POOL_SIZE, 'the connections are still waiting')
    await client.query('rollback')
    await client.end()
    await first
    await checkRecovery(t, load, [503])
  })

  await t.test('the store frozen', async (t) => {
    await store.freeze()
    await load.failure('download', [503])
    await store.thaw()
    await checkRecovery(t, load, [503])
  })

  await t.test('the store killed and started again', async (t) => {
    await store.kill()
    await load.failure('download', [503])
    await store.start()
    // What the store was writing when it was killed may be lost.
    await checkRecovery(t, load, [404, 503])
  })

  await t.test(`${HALF_OPEN_CLIENTS} clients that send half a request`, async (t) => {
    const { port } = new URL(service.origin)
    const sockets = await Promise.all(Array.from({ length: HALF_OPEN_CLIENTS }, async (_, index): Promise<Socket> => {
      const socket = connect(Number(port), '127.0.0.1').on('error', () => {})
      await once(socket, 'connect')
      socket.write(index % 2 === 0 ? 'GET /health/li' : 'POST /api/v1/objects/events HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{')
      return socket
    }))
    // A machine that is busy otherwise may be too slow for a moment, and says so.
    await checkRecovery(t, load, [503])
    for (const socket of sockets) socket.destroy()
  })

  await t.test('the service killed in the middle of ingest, and started again', async (t) => {
    service.child.kill('SIGKILL')
    await service.exited
    service = await startService()
    await checkRecovery(t, load, [0, 503])
  })

  await t.test('in the end every file that is in the store is counted, once', async (t) => {
    t.comment(`${load.queuedCount} events are still to be taken`)
    await load.stop()
    const database = connectPostgres(postgres.url, () => {})
    try {
      await checkCounted(t, load, database)
    } finally {
      await database.destroy()
    }
  })
})
