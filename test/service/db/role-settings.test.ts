import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import t, { type Test } from 'tap'
import type { Database } from '../../../db/connection/tables.js'
import { auditSums } from '../../../db/usage/audit.js'
import { takeDueSnapshots } from '../../../db/usage/snapshots.js'
import { purge } from '../../../db/purge.js'
import { createServerDatabase, onServer, testDatabaseUrl } from '../../support/database.js'
import { admin, member, runId, service, startService, workflowId } from '../../support/service.js'
import { openEmbeddedStore } from '../../support/stores.js'

/** Settings under which PostgreSQL writes values, reads text or plans in other ways than usual. */
const hostileSettings: Record<string, string> = {
  DateStyle: 'German, DMY',
  TimeZone: 'Pacific/Apia',
  IntervalStyle: 'sql_standard',
  extra_float_digits: '-15',
  bytea_output: 'escape',
  standard_conforming_strings: 'off',
  backslash_quote: 'on',
  escape_string_warning: 'off',
  array_nulls: 'off',
  transform_null_equals: 'on',
  quote_all_identifiers: 'on',
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_indexscan: 'off',
  enable_bitmapscan: 'off',
  plan_cache_mode: 'force_generic_plan',
  lc_messages: 'C',
  lc_numeric: 'C',
  row_security: 'off',
  // The service's connections say how long a statement may take.
  statement_timeout: '1',
  // Tables are found where they were made, although new ones would be made elsewhere.
  search_path: 'elsewhere, public',
}
// Lists of names, which quotes would make one.
const unquotedSettings = new Set(['DateStyle', 'search_path'])

interface Role {
  name: string
  settings: Record<string, string>
}

/** Makes a database, and a role that connects to it with settings of its own. */
async function createDatabaseFor (t: Test, { name, settings }: Role): Promise<string> {
  const { url: ownerUrl = '', close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  await onServer(ownerUrl, `create role ${name} login superuser`)
  t.teardown(async () => { await onServer(testDatabaseUrl ?? '', `drop role ${name}`) })
  for (const [setting, value] of Object.entries(settings)) {
    await onServer(ownerUrl, `alter role ${name} set ${setting} = ${unquotedSettings.has(setting) ? value : `'${value}'`}`)
  }
  await onServer(ownerUrl, 'create schema elsewhere')
  const url = new URL(ownerUrl)
  url.username = name
  return url.href
}

/** What the service answers and keeps, as a role: with what differs between any two runs left out. */
async function walk (t: Test, role: Role) {
  const url = await createDatabaseFor(t, role)
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
    }))
  }

  await ask('PUT', '/quota', { payload: { quotaBytes: 1_000_000 }, caller: service })
  await ask('PUT', `/workflows/${workflowId}`, { payload: { name: 'It\\\'s a "name" \\ with ünïcode' }, caller: service })
  const { objectKey } = await ask('POST', '/uploads', {
    payload: { workflowId, runId, direction: 'inputs', fileName: 'a\\b\'c.txt', contentType: 'text/plain', sizeBytes: 5 }, caller: member,
  })
  await event(objectKey, '2026-03-04T05:06:07.089Z', 5, '17F427499AC0BA8F')
  await event(objectKey, '2026-03-04T05:05:00.000Z', 7, '17F427499AC0BA80')
  const usage = await ask('GET', '/storage-usage')
  answers.push(usage)
  t.equal(usage.asOf, '2026-03-04T05:06:07.089Z')
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
  answers.push(await purge(app.database, { tombstonesMs: 0, uploadsMs: 0, setAsideEventsMs: 0, leasesMs: 60_000 }))
  answers.push(await rowsOf(app.database))
  return answers
}

async function rowsOf (database: Kysely<Database>) {
  return await database.selectFrom('usage_sums').select(['direction', 'size_bytes', 'file_count']).orderBy('direction').execute()
}

const skip = testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set'
const newName = () => `role_${randomUUID().replaceAll('-', '')}`

t.test('no result depends on what a role has set', { skip }, async (t) => {
  const plain = await walk(t, { name: newName(), settings: {} })
  t.strictSame(await walk(t, { name: newName(), settings: hostileSettings }), plain)
  t.comment(plain)
})

t.test('sixty that write at once get through as a role whose transactions are serializable', { skip }, async (t) => {
  const url = await createDatabaseFor(t, { name: newName(), settings: { default_transaction_isolation: 'serializable' } })
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
