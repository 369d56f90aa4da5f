import { type Kysely, sql } from 'kysely'
import t, { type Test } from 'tap'
import type { Database } from '../../../db/connection/tables.js'
import { isDatabaseUnavailable } from '../../../db/connection/availability.js'
import { connectPostgres } from '../../../db/connection/pool.js'
import { applyRecords } from '../../../db/events/apply-records.js'
import { auditSums } from '../../../db/usage/audit.js'
import { readStorageUsage } from '../../../db/usage/storage-usage.js'
import { takeDueSnapshots } from '../../../db/usage/snapshots.js'
import { purge } from '../../../db/purge.js'
import { mintObjectKey } from '../../../objects/object-key.js'
import { testDatabaseUrl } from '../../support/database.js'
import { createRoleDatabase, hostileSettings } from '../../support/role-database.js'
import { admin, member, runId, service, startService, workflowId } from '../../support/service.js'
import { openEmbeddedStore } from '../../support/stores.js'

/** What the service answers and stores as a role with these settings, without what differs between any two runs. */
async function walk (t: Test, settings: Readonly<Record<string, string>>) {
  const { url, close } = await createRoleDatabase(settings)
  t.teardown(close)
  const store = await openEmbeddedStore()
  t.teardown(() => store.close())
  const { app, authorise, putFile } = await startService(t, { ...store.environment, DATABASE_URL: url })
  const base = '/api/v1/objects'
  const answers: unknown[] = []
  const ask = async (
    method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, { payload, caller = admin }: { payload?: object, caller?: typeof admin } = {},
  ) => {
    const { statusCode, body } = await app.inject({
      method, url: `${base}${path}`, headers: authorise(caller), ...payload === undefined ? {} : { payload },
    })
    answers.push([method, path.replace(/objectKey=.*/, ''), statusCode])
    return JSON.parse(body)
  }
  const event = async (objectKey: string, eventTime: string, size: number | undefined, sequencer: string) => {
    answers.push(await app.bucketEvents.receive({
      Records: [{
        eventSource: 'minio:s3',
        eventTime,
        eventName: size === undefined ? 's3:ObjectRemoved:Delete' : 's3:ObjectCreated:Put',
        s3: {
          bucket: { name: app.storeTarget.bucket },
          object: { key: encodeURIComponent(objectKey), sequencer, ...size === undefined ? {} : { size, eTag: 'e' } },
        },
      }],
    }, 'http'))
  }

  await ask('PUT', '/quota', { payload: { quotaBytes: 1_000_000 }, caller: service })
  await ask('PUT', `/workflows/${workflowId}`, { payload: { name: 'It\\\'s a "name" \\ with ünïcode' }, caller: service })
  const { objectKey } = await ask('POST', '/uploads', {
    payload: { workflowId, runId, direction: 'inputs', fileName: 'a\\b\'c.txt', contentType: 'text/plain', sizeBytes: 5 }, caller: member,
  })
  await event(objectKey, '2026-03-04T05:06:07.089Z', 5, '17F427499AC0BA8F')
  await event(objectKey, '2026-03-04T05:05:00.000Z', 7, '17F427499AC0BA80')
  const { countedAt, ...usage } = await ask('GET', '/storage-usage')
  answers.push(usage)
  t.equal(usage.asOf, '2026-03-04T05:06:07.089Z')
  t.ok(Math.abs(Date.parse(countedAt) - Date.now()) < 60_000)
  const files = await ask('GET', `?workflowId=${workflowId}&runId=${runId}`)
  answers.push(files.files?.map((file: { createdAt: string, sizeBytes: number }) => [file.createdAt, file.sizeBytes]))

  await takeDueSnapshots(app.database, { now: sql<Date>`${'2026-03-04T23:00:00Z'}::timestamptz` })
  answers.push(await takeDueSnapshots(app.database, { now: sql<Date>`${'2026-03-06T00:00:20Z'}::timestamptz` }))
  answers.push((await ask('GET', '/storage-usage/history?from=2026-03-01&to=2026-03-10')).days)

  await putFile('12345', { objectKey })
  await putFile('stored')
  const before = Date.now()
  const run = await app.reconciliation.start({ prefix: 'acme/' })
  answers.push(await run?.done)
  const progress = await ask('GET', '/reconcile')
  for (const name of ['startedAt', 'updatedAt', 'finishedAt']) t.ok(Math.abs(Date.parse(progress[name]) - before) < 60_000, name)
  const { reconciledAt } = await ask('GET', '/storage-usage')
  t.equal(reconciledAt, progress.startedAt)
  await event(objectKey, '2026-03-05T00:00:00.000Z', undefined, '17F427499AC0BAFF')
  answers.push(await auditSums(app.database))
  answers.push(await purge(app.database, {
    tombstonesMs: 0, uploadsMs: 0, setAsideEventsMs: 0, leasesMs: 60_000, sharesMs: 60_000, verificationsMs: 0,
  }))
  answers.push(await rowsOf(app.database))
  return answers
}

async function rowsOf (database: Kysely<Database>) {
  return await database.selectFrom('usage_sums').select(['direction', 'size_bytes', 'file_count']).orderBy('direction').execute()
}

const skip = testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set'

t.test('no result depends on what a role has set', { skip }, async (t) => {
  const plain = await walk(t, {})
  t.strictSame(await walk(t, hostileSettings), plain)
  t.comment(plain)
})

t.test('sixty that write at once get through as a role whose transactions are serializable', { skip }, async (t) => {
  const { url, close } = await createRoleDatabase({ default_transaction_isolation: 'serializable' })
  t.teardown(close)
  const store = await openEmbeddedStore()
  t.teardown(() => store.close())
  const { app, authorise } = await startService(t, { ...store.environment, DATABASE_URL: url })
  const quota = await app.inject({
    method: 'PUT', url: '/api/v1/objects/quota', headers: authorise(service), payload: { quotaBytes: 1_000_000 },
  })
  t.equal(quota.statusCode, 200)
  const statuses = await Promise.all(Array.from({ length: 60 }, async (_, index) => {
    const upload = { workflowId, runId, direction: 'inputs', fileName: `${index}.txt`, contentType: 'text/plain', sizeBytes: 5 }
    // One organisation has a quota, the other has none.
    const caller = index % 2 === 0 ? member : { ...member, orgKey: 'other' }
    const { statusCode } = await app.inject({
      method: 'POST', url: '/api/v1/objects/uploads', headers: authorise(caller), payload: upload,
    })
    const named = await app.inject({
      method: 'PUT', url: `/api/v1/objects/workflows/${workflowId}`, headers: authorise(service), payload: { name: `name ${index}` },
    })
    return [statusCode, named.statusCode]
  }))
  t.strictSame([...new Set(statuses.map(String))], [String([201, 200])])
  t.strictSame(await auditSums(app.database), [])
})

t.test('a batch whose statement times out changes nothing, and must be sent again', { skip }, async (t) => {
  const { database, url, close } = await createRoleDatabase(hostileSettings)
  t.teardown(close)
  const hasty = connectPostgres(url, () => {}, { statementTimeoutMs: 50 })
  t.teardown(() => hasty.destroy())
  const records = ['a', 'b'].map((path, index) => {
    const parts = { orgKey: 'acme', workflowId, runId, createdBy: member.userId, direction: 'outputs', path } as const
    const event = {
      objectKey: mintObjectKey(parts),
      parts: { ...parts, token: '' },
      change: { kind: 'created', sizeBytes: 10 + index, entityTag: 'e' } as const,
      eventSource: 'minio:s3',
      eventTime: new Date(),
      sequencer: undefined,
      versionId: undefined,
    }
    return { event, record: null }
  })
  const bounds = { clockSkewMs: 5_000, tombstoneRetentionMs: 86_400_000, isAmazonS3: false }
  const usage = async () => {
    const { totalBytes, fileCount } = await readStorageUsage(database, { orgKey: 'acme' })
    return [totalBytes, fileCount]
  }
  await database.transaction().execute(async (transaction) => {
    await sql`lock table usage_sums in share mode`.execute(transaction)
    const failure = await applyRecords(hasty, records, bounds).catch((error: unknown) => error)
    t.match(failure, { code: '57014' })
    t.ok(isDatabaseUnavailable(failure), 'as which it is answered 503')
  })
  t.strictSame(await usage(), [0, 0])
  t.strictSame(await rowsOf(database), [])
  await applyRecords(database, records, bounds)
  t.strictSame(await usage(), [21, 2])
  t.strictSame(await auditSums(database), [])
})
