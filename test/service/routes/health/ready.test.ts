import { setImmediate } from 'node:timers/promises'
import { sql } from 'kysely'
import t from 'tap'
import { connectPostgres } from '../../../../db/connection/pool.js'
import { createServerDatabase, lockWaits, testDatabaseUrl } from '../../../support/database.js'
import { onServer } from '../../../support/on-server.js'
import { startDatabaseGate } from '../../../support/database-gate.js'
import { startDownloadService } from '../../../support/download-service.js'
import { makeKey, startIssuer } from '../../../support/issuer.js'
import { startService } from '../../../support/service.js'
import { storeKinds } from '../../../support/stores.js'

const [embedded] = storeKinds

t.test('with all its parts the service is ready', async (t) => {
  const { app } = await startService(t)
  const answer = await app.inject('/health/ready')
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['cache-control'], 'no-store')
  t.strictSame(answer.json(), { status: 'ready', parts: { objectStorage: 'up', database: 'up' } })
  t.equal((await app.inject({ method: 'HEAD', url: '/health/ready' })).statusCode, 200)
})

t.test('without object storage it is not ready, and with it again it is', async (t) => {
  if (embedded === undefined) return
  const { app, proxy } = await startDownloadService(t, embedded)
  await proxy.refuse()
  const down = await app.inject('/health/ready')
  t.equal(down.statusCode, 503)
  t.strictSame(down.json(), { status: 'unavailable', parts: { objectStorage: 'down', database: 'down' } })
  t.notMatch(down.body, /127\.0\.0\.1|nobody/, 'neither hosts nor users are told')
  await proxy.accept()
  // As far as the service can tell, the time for which it remembers has passed.
  const { now } = performance
  t.intercept(performance, 'now', { value: () => now.call(performance) + 5_000 })
  t.intercept(Date, 'now', { value: () => performance.timeOrigin + now.call(performance) + 5_000 })
  t.equal((await app.inject('/health/ready')).json().parts.objectStorage, 'up')
})

t.test('without a database it is ready, but degraded', async (t) => {
  const { app } = await startService(t, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
  const answer = await app.inject('/health/ready')
  t.equal(answer.statusCode, 200)
  t.strictSame(answer.json(), { status: 'degraded', parts: { objectStorage: 'up', database: 'down' } })
})

t.test('without the keys of the identity provider it is ready, but degraded, until they are there', async (t) => {
  const issuer = await startIssuer(t)
  issuer.behave((response) => { response.destroy() })
  const { app } = await startService(t, { JWT_JWKS_URL: issuer.url })
  const answer = await app.inject('/health/ready')
  t.equal(answer.statusCode, 200)
  t.strictSame(answer.json(), { status: 'degraded', parts: { objectStorage: 'up', database: 'up', identityProvider: 'down' } })
  issuer.publish(makeKey('ES256', 'first').jwk)
  const { now } = performance
  t.intercept(performance, 'now', { value: () => now.call(performance) + 6_000 })
  t.intercept(Date, 'now', { value: () => performance.timeOrigin + now.call(performance) + 6_000 })
  t.strictSame((await app.inject('/health/ready')).json(), {
    status: 'ready', parts: { objectStorage: 'up', database: 'up', identityProvider: 'up' },
  })
})

t.test('a database that is there, and then is not, is told', { skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set' }, async (t) => {
  const { url, close } = await createServerDatabase(testDatabaseUrl ?? '')
  const { app } = await startService(t, { DATABASE_URL: url })
  t.equal((await app.inject('/health/ready')).json().status, 'ready')
  await close()
  const { now } = performance
  t.intercept(performance, 'now', { value: () => now.call(performance) + 5_000 })
  t.equal((await app.inject('/health/ready')).json().status, 'degraded')
})

t.test('a database that falls silent is not waited for until it is given up', {
  skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set',
}, async (t) => {
  const { url, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  const gate = await startDatabaseGate(t, url)
  const { app } = await startService(t, { DATABASE_URL: gate.url })
  t.equal((await app.inject('/health/ready')).json().status, 'ready')
  // As far as the service can tell, the time for which it remembers has passed.
  const { now } = performance
  t.intercept(performance, 'now', { value: () => now.call(performance) + 5_000 })
  const failedStatements = async () =>
    /statement_duration_seconds_count\{outcome="error"\} (\d+)/.exec(await app.metrics.metrics())?.[1] ?? '0'
  const failedBefore = await failedStatements()
  gate.freeze()
  t.strictSame((await app.inject('/health/ready')).json(), { status: 'degraded', parts: { objectStorage: 'up', database: 'down' } })
  t.equal(await failedStatements(), failedBefore, 'the statement still waits for its answer')
  gate.open()
})

t.test('a database that is being migrated is not up yet', {
  skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set',
}, async (t) => {
  const name = `test_unmigrated_${process.pid}`
  await onServer(testDatabaseUrl ?? '', `create database ${name}`)
  const url = new URL(testDatabaseUrl ?? '')
  url.pathname = `/${name}`
  const other = connectPostgres(url.href, () => {})
  t.teardown(async () => {
    await other.destroy()
    await onServer(testDatabaseUrl ?? '', `drop database ${name} with (force)`)
  })
  const gate = await startDatabaseGate(t, url.href, { isOpen: false })
  const { app, nextLine } = await startService(t, { DATABASE_URL: gate.url })
  const { now } = performance
  let laterMs = 0
  t.intercept(performance, 'now', { value: () => now.call(performance) + laterMs })
  const database = async () => {
    laterMs += 5_000
    return (await app.inject('/health/ready')).json().parts.database
  }
  t.equal(await database(), 'down')
  const migrated = nextLine(({ msg }) => msg === 'migrated the database')
  await other.transaction().execute(async (transaction) => {
    // Kysely's own lock, which every migration takes.
    await sql`select pg_advisory_xact_lock(3853314791062309107)`.execute(transaction)
    gate.open()
    await lockWaits(transaction)
    t.equal(await database(), 'down', 'it answers, but has no tables')
  })
  await migrated
  t.equal(await database(), 'up')
})

t.test('a store that does not answer is waited for by all at once, and not for long', async (t) => {
  if (embedded === undefined) return
  const { app, proxy } = await startDownloadService(t, embedded, { S3_FIRST_BYTE_TIMEOUT: '60' })
  proxy.forgetRequests()
  proxy.inject({ kind: 'mute' })
  const probes = Array.from({ length: 100 }, () => app.inject('/health/ready'))
  for (const { statusCode } of await Promise.all(probes)) t.equal(statusCode, 503)
  t.equal(proxy.requests.length, 1)
})

t.test('what probes found is remembered for a second', async (t) => {
  if (embedded === undefined) return
  const { app, proxy } = await startDownloadService(t, embedded)
  const { now } = performance
  let stoppedAtMs = now.call(performance)
  t.intercept(performance, 'now', { value: () => stoppedAtMs })
  proxy.forgetRequests()
  for (let probe = 0; probe < 10; probe++) {
    await app.inject('/health/ready')
    await setImmediate()
  }
  t.equal(proxy.requests.length, 1)
  stoppedAtMs += 1_001
  await app.inject('/health/ready')
  t.equal(proxy.requests.length, 2)
})
