import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { takeLease } from '../../../db/leases.js'
import { auditSums } from '../../../db/usage/audit.js'
import { mintObjectKey } from '../../../objects/object-key.js'
import type { Caller } from '../../../schemas/token-claims.js'
import { createServerDatabase, testDatabaseUrl } from '../../support/database.js'
import { startPgBouncer, withoutPgBouncer } from '../../support/pgbouncer.js'
import { admin, foreignAdmin, member, service, startService } from '../../support/service.js'
import { openEmbeddedStore } from '../../support/stores.js'

const REQUESTS = Number(process.env.POOLER_REQUESTS ?? 2_000)
const CONCURRENCY = 60
const EVENTS_TOKEN = 'events-token-of-the-pooler-run'
const base = '/api/v1/objects'
const skip = testDatabaseUrl === undefined ? 'TEST_DATABASE_URL is not set' : withoutPgBouncer
const workflowIds = Array.from({ length: 5 }, () => randomUUID())
const runIds = Array.from({ length: 20 }, () => randomUUID())
const one = <Item>(items: readonly Item[], turn: number): Item => items[turn % items.length] ?? refuse()
const refuse = (): never => { throw new Error('There is nothing to choose from.') }

type Method = 'GET' | 'POST' | 'PUT'

/** Two replicas of the service behind a pooler that has five sessions for both. */
async function startReplicas (t: Test) {
  const { database, url, close } = await createServerDatabase(testDatabaseUrl ?? '')
  const pooler = await startPgBouncer(url, { poolSize: 5 })
  const store = await openEmbeddedStore()
  t.teardown(async () => {
    await pooler.stop()
    await close()
    await store.close()
  })
  const environment = {
    ...store.environment,
    DATABASE_URL: pooler.url,
    EVENTS_TOKEN,
    LIST_LIMIT: '0',
    UPLOAD_LIMIT: '0',
    RECONCILE_LIMIT: '0',
    LOG_LEVEL: 'info',
  }
  const replicas = [await startService(t, environment), await startService(t, environment)]
  /** Bytes and files of the events that were accepted. */
  const taken = { sizeBytes: 0, fileCount: 0 }

  const ask = async (turn: number, method: Method, path: string, caller: Caller = admin, payload?: object) => {
    const { app, authorise } = one(replicas, turn)
    const body = payload === undefined ? {} : { payload }
    return await app.inject({ method, url: base + path, headers: authorise(caller), ...body })
  }
  const sendEvents = async (turn: number) => {
    const sizes = Array.from({ length: 10 }, (_, index) => turn % 1_000 + index)
    const Records = sizes.map((size, index) => ({
      eventSource: 'minio:s3',
      eventTime: new Date().toISOString(),
      eventName: 's3:ObjectCreated:Put',
      s3: {
        bucket: { name: one(replicas, turn).app.storeTarget.bucket },
        object: {
          key: encodeURIComponent(mintObjectKey({
            orgKey: 'acme',
            workflowId: one(workflowIds, turn),
            runId: one(runIds, turn),
            createdBy: member.userId,
            direction: 'outputs',
            path: `folder-${turn % 7}/${turn}-${index}.txt`,
          })),
          size,
          eTag: 'e',
          sequencer: randomUUID().slice(0, 8),
        },
      },
    }))
    // Sent again until it is accepted, as a store does.
    for (let statusCode = 0; ;) {
      const answer = await one(replicas, turn).app.inject({
        method: 'POST', url: `${base}/events`, headers: { authorization: `Bearer ${EVENTS_TOKEN}` }, payload: { Records },
      })
      statusCode ||= answer.statusCode
      if (answer.statusCode === 503) continue
      if (answer.statusCode === 200) {
        taken.sizeBytes += sizes.reduce((sum, size) => sum + size, 0)
        taken.fileCount += sizes.length
      }
      return { statusCode }
    }
  }
  const kinds: ReadonlyArray<(turn: number) => Promise<{ statusCode: number }>> = [
    (turn) => ask(turn, 'GET', '/storage-usage'),
    (turn) => ask(turn, 'GET', '/storage-usage', member),
    sendEvents,
    (turn) => ask(turn, 'GET', '/storage-usage/history'),
    (turn) => ask(turn, 'GET', '/workflows'),
    (turn) => ask(turn, 'GET', `/workflows/${one(workflowIds, turn)}/runs`),
    (turn) => ask(turn, 'GET', `?workflowId=${one(workflowIds, turn)}&runId=${one(runIds, turn)}`),
    (turn) => ask(turn, 'GET', `?workflowId=${one(workflowIds, turn)}&runId=${one(runIds, turn)}&delimiter=/&sums=true`),
    (turn) => ask(turn, 'GET', '/storage-usage/users'),
    (turn) => ask(turn, 'GET', '/storage-usage/largest', member),
    (turn) => ask(turn, 'POST', '/uploads', member, {
      workflowId: one(workflowIds, turn), runId: one(runIds, turn), direction: 'inputs', fileName: 'a.txt', contentType: 'text/plain', sizeBytes: 5,
    }),
    (turn) => ask(turn, 'PUT', '/quota', service, { quotaBytes: 1_000_000_000 + turn }),
    (turn) => ask(turn, 'PUT', `/workflows/${one(workflowIds, turn)}`, service, { name: `name ${turn}` }),
    (turn) => ask(turn, 'GET', '/reconcile', foreignAdmin),
    (turn) => ask(turn, 'GET', `/download?objectKey=${encodeURIComponent(`acme/nothing-${turn}`)}`),
  ]
  /** Makes requests of every kind; returns how many ended with each status, by kind. */
  const load = async (count: number) => {
    const ended: Record<string, number> = {}
    let next = 0
    await Promise.all(Array.from({ length: CONCURRENCY }, async () => {
      for (let turn = next++; turn < count; turn = next++) {
        const { statusCode } = await one(kinds, turn)(turn)
        const key = `${turn % kinds.length}: ${statusCode}`
        ended[key] = (ended[key] ?? 0) + 1
      }
    }))
    return ended
  }
  return { database, pooler, replicas, ask, load, kinds, taken }
}

t.test('two replicas behind a pooler with five sessions', { skip, timeout: 600_000 }, async (t) => {
  const { database, pooler, replicas, ask, load, kinds, taken } = await startReplicas(t)
  await one(replicas, 0).putFile('stored', {
    objectKey: mintObjectKey({
      orgKey: foreignAdmin.orgKey, workflowId: one(workflowIds, 0), runId: one(runIds, 0), createdBy: foreignAdmin.userId, direction: 'outputs', path: 'a.txt',
    }),
  })
  const isExact = async (t: Test) => {
    t.strictSame(await auditSums(database), [], 'sums are those of the rows')
    const { totalBytes, fileCount } = (await ask(0, 'GET', '/storage-usage')).json()
    t.strictSame({ totalBytes, fileCount }, { totalBytes: taken.sizeBytes, fileCount: taken.fileCount }, 'and of the events')
  }

  t.test('requests of every kind are answered, sixty at once, and twenty reconciles one after the other', async (t) => {
    const startedAt = performance.now()
    const reconciling = (async () => {
      const statuses: number[] = []
      for (let turn = 0; turn < 20; turn++) {
        statuses.push((await ask(turn, 'POST', '/reconcile', foreignAdmin)).statusCode)
        while ((await ask(turn, 'GET', '/reconcile', foreignAdmin)).json().status === 'running');
      }
      return statuses
    })()
    const ended = await load(REQUESTS)
    t.strictSame(await reconciling, Array.from({ length: 20 }, () => 202))
    const [progress, download] = [kinds.length - 2, kinds.length - 1]
    // There is no reconcile before the first one, and no file under an invalid key.
    const failures = Object.entries(ended)
      .filter(([key]) => !/: 20[0-4]$/.test(key) && key !== `${progress}: 404` && key !== `${download}: 404`)
    t.strictSame(failures, [])
    t.comment(`${REQUESTS} requests in ${((performance.now() - startedAt) / 1000).toFixed(1)} s: ${JSON.stringify(ended)}`)
    await isExact(t)
    t.match((await ask(0, 'GET', '/storage-usage', foreignAdmin)).json(), { totalBytes: 6, fileCount: 1 })
    for (const { app, log } of replicas) {
      t.strictSame(log.filter((line) => JSON.parse(line).level >= 40 && line.includes('"err"')), [])
      t.match(app.databaseRoute(), { isPooled: true })
    }
  })

  t.test('a restart of the pooler is survived: events that were refused are taken when they come again', async (t) => {
    const loading = load(1_000)
    await ask(0, 'GET', '/storage-usage')
    await pooler.restart()
    const statuses = Object.keys(await loading).map((key) => Number(key.split(': ')[1]))
    t.strictSame(statuses.filter((status) => ![200, 201, 204, 404, 503].includes(status)), [])
    const after = await load(kinds.length * 10)
    t.strictSame(Object.keys(after).filter((key) => !/: (20[0-4]|404)$/.test(key)), [])
    await isExact(t)
  })

  t.test('a lease is kept for as long as it is renewed, and excludes another replica', async (t) => {
    const [first, second] = replicas.map(({ app }) => app.database)
    if (first === undefined || second === undefined) return
    const lease = await takeLease(first, 'kept', { durationMs: 3_000, renewEveryMs: 50 })
    const ends = new Set<string>()
    while (ends.size < 5) {
      t.equal(await takeLease(second, 'kept'), undefined)
      const { rows: [row] } = await sql<{ end: string }>`select expires_at::text as end from leases where name = 'kept'`.execute(database)
      ends.add(row?.end ?? '')
    }
    t.equal(lease?.lost.aborted, false)
    await lease?.release()
    const next = await takeLease(second, 'kept')
    t.ok(next)
    await next?.release()
  })

  t.test('a locked table is given up by the server', async (t) => {
    await database.transaction().execute(async (holder) => {
      await sql`lock table usage_sums`.execute(holder)
      const asked = { isAnswered: false }
      const asking = ask(0, 'GET', '/storage-usage').finally(() => { asked.isAnswered = true })
      // The server also ends an idle transaction.
      while (!asked.isAnswered) await sql`select pg_sleep(0.1)`.execute(holder)
      const { statusCode, body } = await asking
      t.equal(statusCode, 503)
      t.equal(JSON.parse(body).code, 'DATABASE_UNAVAILABLE')
      const { rows } = await sql`
        select from pg_locks join pg_stat_activity using (pid) where not granted and datname = current_database()`.execute(holder)
      t.strictSame(rows, [], 'and no longer waited for')
    })
    t.equal((await ask(0, 'GET', '/storage-usage')).statusCode, 200)
  })
})
