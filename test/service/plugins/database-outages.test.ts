import { readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type TestDatabase, createServerDatabase, testDatabaseUrl } from '../../support/database.js'
import { onServer } from '../../support/on-server.js'
import type { Caller } from '../../../schemas/token-claims.js'
import { findPostgres, startLocalPostgres } from '../../support/postgres-server.js'
import { type TestService, admin, runId, service as asService, startService, workflowId } from '../../support/service.js'

const programs = await findPostgres()
const EVENTS_TOKEN = 'a-token-of-the-object-store'

interface Operation {
  name: string
  method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  url: string
  payload?: object
  headers?: Record<string, string>
  caller?: Caller
}

/** Every operation that uses the database. */
async function operations ({ app, putFile }: TestService): Promise<{ reading: Operation[], writing: Operation[] }> {
  const base = '/api/v1/objects'
  const objectKey = await putFile('x')
  return {
    reading: [
      { name: 'usage', method: 'GET', url: `${base}/storage-usage` },
      { name: 'history', method: 'GET', url: `${base}/storage-usage/history` },
      { name: 'files', method: 'GET', url: `${base}?workflowId=${workflowId}&runId=${runId}` },
      { name: 'reconcile progress', method: 'GET', url: `${base}/reconcile` },
    ],
    writing: [
      { name: 'reconcile', method: 'POST', url: `${base}/reconcile` },
      {
        name: 'upload',
        method: 'POST',
        url: `${base}/uploads`,
        payload: { workflowId, runId, direction: 'outputs', fileName: 'a', contentType: 'text/plain' },
      },
      { name: 'quota', method: 'PUT', url: `${base}/quota`, caller: asService, payload: { quotaBytes: 1_000_000 } },
      { name: 'no quota', method: 'PUT', url: `${base}/quota`, caller: asService, payload: { quotaBytes: null } },
      { name: 'workflow name', method: 'PUT', url: `${base}/workflows/${workflowId}`, caller: asService, payload: { name: 'a' } },
      {
        name: 'event',
        method: 'POST',
        url: `${base}/events`,
        headers: { authorization: `Bearer ${EVENTS_TOKEN}` },
        payload: {
          Records: [{
            eventSource: 'minio:s3',
            eventTime: new Date().toISOString(),
            eventName: 's3:ObjectCreated:Put',
            s3: {
              bucket: { name: app.storeTarget.bucket },
              object: { key: encodeURIComponent(objectKey), size: 1, eTag: 'e', sequencer: '17F427499AC0BA8F' },
            },
          }],
        },
      },
      { name: 'deletion', method: 'DELETE', url: `${base}?objectKey=${encodeURIComponent(objectKey)}` },
    ],
  }
}

async function request ({ app, authorise }: TestService, operation: Operation) {
  const { method, url, payload, caller = admin, headers = authorise(caller) } = operation
  const answer = await app.inject({ method, url, headers, ...payload === undefined ? {} : { payload } })
  const { code } = answer.json()
  return code === undefined ? answer.statusCode : `${answer.statusCode} ${code} ${Number(answer.headers['retry-after']) > 0}`
}

const UNAVAILABLE = '503 DATABASE_UNAVAILABLE true'

async function checkUnavailable (t: Test, service: TestService, operations: readonly Operation[]): Promise<void> {
  const answers = await Promise.all(operations.map(async (operation) => [operation.name, await request(service, operation)]))
  t.strictSame(answers, operations.map(({ name }) => [name, UNAVAILABLE]))
}

async function checkReadOnly (t: Test, service: TestService): Promise<void> {
  const { reading, writing } = await operations(service)
  await checkUnavailable(t, service, writing)
  for (const operation of reading) t.match(String(await request(service, operation)), /^200$|RECONCILIATION_NOT_FOUND/, operation.name)
  const ready = await service.app.inject('/health/ready')
  t.strictSame([ready.statusCode, ready.json()], [200, { status: 'degraded', parts: { objectStorage: 'up', database: 'down' } }])
}

t.test('a database that may only be read: what writes says that it is unavailable, what reads works, and readiness tells', {
  skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set',
}, async (t) => {
  const database: TestDatabase = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(database.close)
  const url = database.url ?? ''
  await onServer(url, `alter database ${new URL(url).pathname.slice(1)} set default_transaction_read_only = on`)
  await checkReadOnly(t, await startService(t, { DATABASE_URL: url, EVENTS_TOKEN }))
})

t.test('a server of the test\'s own', { skip: programs === undefined && 'no PostgreSQL server is installed' }, async (t) => {
  const postgres = await startLocalPostgres(programs ?? '', ['fsync=off'])
  t.teardown(async () => {
    await postgres.stop('immediate')
    await postgres.remove()
  })
  const { app } = await startService(t, { DATABASE_URL: postgres.url })
  await app.close()

  t.test('a standby that is not promoted is as one that may only be read', async (t) => {
    const standby = await postgres.startStandby()
    t.teardown(async () => {
      await standby.stop('immediate')
      await standby.remove()
    })
    await checkReadOnly(t, await startService(t, { DATABASE_URL: standby.url, EVENTS_TOKEN }))
  })

  t.test('a frozen server: every operation is answered within its bound, and works again once it is thawed', async (t) => {
    const service = await startService(t, { DATABASE_URL: postgres.url, EVENTS_TOKEN })
    const { reading, writing } = await operations(service)
    const postmaster = await postgres.postmasterId()
    const children = (await readFile(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8')).split(' ').filter((pid) => pid !== '')
    const processes = [postmaster, ...children.map(Number)]
    for (const pid of processes) process.kill(pid, 'SIGSTOP')
    try {
      await checkUnavailable(t, service, [...reading, ...writing])
      t.match((await service.app.inject('/health/ready')).json(), { status: 'degraded', parts: { database: 'down' } })
    } finally {
      for (const pid of processes) process.kill(pid, 'SIGCONT')
    }
    while ((await service.app.inject('/health/ready')).json().status !== 'ready') await setTimeout(100)
    for (const operation of reading) t.match(String(await request(service, operation)), /^200$|RECONCILIATION_NOT_FOUND/, operation.name)
  })

  t.test('a database that came up after the service has no tables for a moment, which is not a fault', async (t) => {
    await onServer(postgres.url, 'create database late')
    const url = new URL(postgres.url)
    url.pathname = '/late'
    await postgres.stop('fast')
    const service = await startService(t, { DATABASE_URL: url.href, EVENTS_TOKEN })
    await postgres.start()
    const { reading } = await operations(service)
    for (const operation of reading) {
      const answer = String(await request(service, operation))
      t.ok(answer === UNAVAILABLE || service.app.isDatabaseMigrated(), `${operation.name}: ${answer}`)
    }
    while (!service.app.isDatabaseMigrated()) await setTimeout(100)
    t.equal(await request(service, { name: 'usage', method: 'GET', url: '/api/v1/objects/storage-usage' }), 200)
  })
})
