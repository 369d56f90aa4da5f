import { setImmediate, setTimeout } from 'node:timers/promises'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { POOL_SIZE } from '../../../../../../db/connection/pool.js'
import type { ReconcileRun } from '../../../../../../reconcile/run.js'
import { createServerDatabase, testDatabaseUrl } from '../../../../../support/database.js'
import { admin, member, service, startService } from '../../../../../support/service.js'
import { startSilentServer } from '../../../../../support/silent-server.js'
import { openEmbeddedStore } from '../../../../../support/stores.js'

async function startReconcilable (t: Test, environment: Record<string, string> = {}) {
  const started = await startService(t, environment)
  const { app, authorise } = started
  const url = '/api/v1/objects/reconcile'
  return {
    ...started,
    post: async (caller = admin) => await app.inject({ method: 'POST', url, headers: authorise(caller) }),
    read: async (caller = admin) => await app.inject({ url, headers: authorise(caller) }),
    usage: async () => (await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(admin) })).json(),
    forgetFiles: async () => { await sql`truncate objects, usage_sums`.execute(app.database) },
  }
}

/** How a run that has begun ends. */
async function endOf (run: ReconcileRun | undefined): Promise<string | undefined> {
  return await run?.done.then(() => 'complete', () => 'ended early')
}

t.test('an admin makes usage agree with storage, and sees how far that has come', async (t) => {
  const { app, putFile, post, read, usage, forgetFiles } = await startReconcilable(t)
  t.equal((await read()).json().code, 'RECONCILIATION_NOT_FOUND')
  await putFile('x'.repeat(100))
  await putFile('y')
  await app.minio.putObject(app.storeTarget.bucket, 'acme/notes.txt', 'foreign')
  await app.minio.putObject(app.storeTarget.bucket, 'other/notes.txt', 'another organisation\'s')
  await app.bucketEvents.settled()
  await forgetFiles()
  t.equal((await usage()).fileCount, 0)

  const answer = await post()
  t.equal(answer.statusCode, 202)
  t.match(answer.json(), { status: 'running', listedFiles: 0 })
  let progress = (await read()).json()
  while (progress.status === 'running') {
    await setImmediate()
    progress = (await read()).json()
  }
  t.match(progress, {
    status: 'complete', listedFiles: 3, added: 2, removed: 0, corrected: 0, left: 0, unsettled: 0, foreignObjects: 1, foreignBytes: 7, failure: null,
  })
  const after = await usage()
  t.match(after, { totalBytes: 101, fileCount: 2, reconciledAt: progress.startedAt })
})

t.test('only an admin may start one and see it', async (t) => {
  const { post, read } = await startReconcilable(t)
  for (const caller of [member, service]) {
    t.equal((await post(caller)).statusCode, 403)
    t.equal((await read(caller)).statusCode, 403)
  }
})

t.test('while one is running, another of the same organisation is refused, and one of another organisation is not', async (t) => {
  const { app, post, putFile } = await startReconcilable(t)
  const other = { ...admin, orgKey: 'other' }
  await putFile('x')
  const stop = new AbortController()
  // One object per thousand seconds, so it pauses after the first.
  const all = await app.reconciliation.start({ prefix: '', keysPerSecond: 0.001, signal: stop.signal })
  for (const caller of [admin, other]) {
    const answer = await post(caller)
    t.strictSame([answer.statusCode, answer.json().code], [409, 'RECONCILE_RUNNING'])
  }
  stop.abort(new Error('enough'))
  t.equal(await endOf(all), 'ended early')

  const stopOwn = new AbortController()
  const own = await app.reconciliation.start({ prefix: 'acme/', keysPerSecond: 0.001, signal: stopOwn.signal })
  t.equal((await post(admin)).statusCode, 409)
  t.equal(await app.reconciliation.start({ prefix: '' }), undefined)
  t.equal((await post(other)).statusCode, 202)
  stopOwn.abort(new Error('enough'))
  t.equal(await endOf(own), 'ended early')
  t.equal((await post(admin)).statusCode, 202)
})

t.test('closing the service ends a reconcile, and leaves it to be gone on with', async (t) => {
  const { app, putFile } = await startReconcilable(t)
  await putFile('x')
  const run = await app.reconciliation.start({ prefix: 'acme/', keysPerSecond: 0.001 })
  await app.close()
  t.equal(await endOf(run), 'ended early')
})

t.test('an organisation starts no more of them per minute than RECONCILE_LIMIT; callers who may not start one do not count', async (t) => {
  const { post } = await startReconcilable(t, { RECONCILE_LIMIT: '2' })
  for (let attempt = 0; attempt < 3; attempt++) t.equal((await post(member)).statusCode, 403)
  for (let attempt = 0; attempt < 2; attempt++) t.not((await post()).statusCode, 429)
  const answer = await post()
  t.strictSame([answer.statusCode, answer.json().code], [429, 'TOO_MANY_REQUESTS'])
  t.match(answer.headers, { 'retry-after': /^\d+$/ })
  t.not((await post({ ...admin, orgKey: 'other' })).statusCode, 429)
})

t.test('on a PostgreSQL server', { skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set' }, async (t) => {
  const serverDatabase = async (t: Test) => {
    const { database: observer, url, close } = await createServerDatabase(testDatabaseUrl ?? '')
    t.teardown(close)
    const connectionCount = async () => (await sql<{ count: bigint }>`
      select count(*) as count from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`.execute(observer))
      .rows[0]?.count ?? 0n
    let mostConnections = 0n
    const watched = new AbortController()
    const watching = (async () => {
      while (!watched.signal.aborted) {
        const count = await connectionCount()
        if (count > mostConnections) mostConnections = count
        await setTimeout(20)
      }
    })()
    return {
      url,
      observer,
      mostConnections: async () => {
        watched.abort()
        await watching
        return mostConnections
      },
    }
  }

  t.test('a thousand requests of one admin, sixty at a time, are answered without an error and with the pool\'s connections', async (t) => {
    const { url, mostConnections } = await serverDatabase(t)
    const store = await openEmbeddedStore()
    t.teardown(() => store.close())
    const { post } = await startReconcilable(t, { ...store.environment, DATABASE_URL: url, RECONCILE_LIMIT: '0' })
    const statuses = new Map<number, number>()
    let left = 1_000
    await Promise.all(Array.from({ length: 60 }, async () => {
      while (left-- > 0) {
        const { statusCode } = await post()
        statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1)
      }
    }))
    t.comment(Object.fromEntries(statuses))
    t.strictSame([...statuses.keys()].filter((status) => status !== 202 && status !== 409), [])
    t.ok((statuses.get(202) ?? 0) > 0)
    t.ok(await mostConnections() <= BigInt(POOL_SIZE))
  })

  t.test('120 organisations at once, while the store does not answer, hold no connections', async (t) => {
    const { url, mostConnections, observer } = await serverDatabase(t)
    const { app, post } = await startReconcilable(t, {
      DATABASE_URL: url,
      S3_ENDPOINT: await startSilentServer(t),
      S3_ACCESS_KEY: 'access',
      S3_SECRET_KEY: 'secret',
      S3_FIRST_BYTE_TIMEOUT: '0.1',
    })
    const answers = await Promise.all(Array.from({ length: 120 }, (_, index) => post({ ...admin, orgKey: `org-${index}` })))
    const codes = answers.map((answer) => answer.statusCode === 202 ? 202 : `${answer.statusCode} ${answer.json().code}`)
    t.equal(codes.filter((code) => code === 202).length, 4)
    t.equal(codes.filter((code) => code === '503 OVERLOADED').length, 116)
    t.ok(answers.every(({ statusCode, headers }) => statusCode !== 503 || Number(headers['retry-after']) > 0))
    t.ok(await mostConnections() <= BigInt(POOL_SIZE))
    await app.close()
    const { rows } = await sql`select from leases where expires_at > clock_timestamp()`.execute(observer)
    t.equal(rows.length, 0, 'an orderly end releases the leases')
  })
})
