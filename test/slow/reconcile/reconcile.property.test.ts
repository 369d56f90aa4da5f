import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { applyRecords } from '../../../db/events/apply-records.js'
import { type ReadObjectRow, readableColumns } from '../../../db/events/object-rows.js'
import { auditSums } from '../../../db/usage/audit.js'
import { applyObservations } from '../../../reconcile/apply-observations.js'
import { reconcile } from '../../../reconcile/reconcile.js'
import type { ReconcileCounts } from '../../../db/reconcile/reconciliations.js'
import { startEmbeddedStore } from '../../../embedded/s3/object-store.js'
import { FixedCredentials } from '../../../store/credentials.js'
import { createBucketListing } from '../../../store/bucket-listing.js'
import { type BucketEvent, createNotificationReader } from '../../../events/notification.js'
import { EventIntake } from '../../../events/intake.js'
import type { Observation } from '../../../events/order.js'
import { parseObjectKey } from '../../../objects/object-key.js'
import { ObjectStorage } from '../../../store/object-storage.js'
import { type SigningTarget, createPresign } from '../../../store/presigning.js'
import { StoreConnection } from '../../../store/connection.js'
import { databaseKinds } from '../../support/database.js'
import { storeKinds } from '../../support/stores.js'

const bounds = { clockSkewMs: 5_000, tombstoneRetentionMs: 30 * 24 * 3600 * 1000, isAmazonS3: false }
const timeouts = { connectTimeoutMs: 5_000, firstByteTimeoutMs: 20_000, idleTimeoutMs: 20_000 }
const runs = Number(process.env.PROPERTY_RUNS ?? 25)
const HOUR_MS = 3_600_000
const fileNames = ['100%', 'a b', 'a+b', 'a%20b', 'ünïcödé', '\u{ff5e}', '\u{10348}', '文件.txt', 'a/b c+d%2F', 'z', 'z/z']

/** A valid key, or a malformed one of the same organisation. */
function keyOf (orgKey: string, index: number): string {
  const id = (digit: number) => `00000000-0000-4000-8000-00000000000${digit}`
  const name = fileNames[index % fileNames.length] ?? ''
  if (index % 7 === 6) return `${orgKey}/${index} ${name}`
  return `${orgKey}/workflows/${id(index % 2)}/runs/${id(3)}/users/${id(4)}/${index % 3 === 0 ? 'inputs' : 'outputs'}/AAAAAAAAAAAAAAAAAAAA${String(index).padStart(2, '0')}/${name}`
}

const KEYS = 14
const sizeBytes = fc.constantFrom(0, 1, 2, 300)
const change = fc.record({ key: fc.nat(KEYS - 1), sizeBytes: fc.option(sizeBytes) })
const history = fc.record({
  stored: fc.array(fc.option(sizeBytes), { minLength: KEYS, maxLength: KEYS }),
  /**
   * What the catalogue says about each key: the truth, nothing, or something else; dated long ago, just now, or in the future.
   */
  catalogued: fc.array(fc.record({
    as: fc.constantFrom('stored', 'absent', 'other'), sizeBytes, aheadHours: fc.constantFrom(-1, 0, 1),
  }), { minLength: KEYS, maxLength: KEYS }),
  /** What happens after each page, and whether it is reported at once or at the end. */
  changes: fc.array(fc.record({ atPage: fc.nat(3), at: change, isReportedAtOnce: fc.boolean() }), { maxLength: 8 }),
  pageKeys: fc.integer({ min: 1, max: 20 }),
  /** How many ranges are compared side by side. */
  parallel: fc.integer({ min: 1, max: 4 }),
})

/** A bucket to change, and the events that report it. */
interface Bucket {
  target: SigningTarget
  /** The events since the last call; for a store that sends none here, they are made up. */
  takeEvents: (changed: readonly string[]) => BucketEvent[]
}

const buckets: ReadonlyArray<{ name: string, skip: string | false, open: (t: Test) => Promise<Bucket> }> = [
  { name: 'the embedded store', skip: false, open: openEmbeddedBucket },
  { name: 'a real S3', skip: storeKinds[1]?.skip ?? 'there is none', open: openRealBucket },
]

async function openEmbeddedBucket (t: Test): Promise<Bucket> {
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-reconcile-'))
  const bucket = { bucket: 'objects', region: 'us-east-1' }
  const account = { accessKey: 'access', secretKey: 'secret' }
  const records: unknown[] = []
  const store = await startEmbeddedStore({ ...bucket, ...account, directory, onEvent: (record) => { records.push(record) } })
  t.teardown(async () => {
    await store.close()
    await rm(directory, { recursive: true, force: true })
  })
  const read = createNotificationReader({ bucket: bucket.bucket, isAmazonS3: false })
  return {
    target: { ...bucket, endpoint: store.endpoint, credentials: new FixedCredentials(account) },
    takeEvents: () => read({ Records: records.splice(0) })?.events.map(({ event }) => event) ?? [],
  }
}

async function openRealBucket (t: Test): Promise<Bucket> {
  const kind = storeKinds[1]
  const variables = kind?.environment() ?? {}
  const target = {
    endpoint: variables.S3_ENDPOINT ?? '',
    region: 'us-east-1',
    bucket: variables.S3_BUCKET ?? '',
    credentials: new FixedCredentials({ accessKey: variables.S3_ACCESS_KEY ?? '', secretKey: variables.S3_SECRET_KEY ?? '' }),
  }
  await send(target, 'PUT', '')
  t.teardown(() => kind?.remove(variables))
  return {
    target,
    takeEvents: (changed) => changed.flatMap((objectKey) => {
      const parts = parseObjectKey(objectKey)
      return parts === undefined
        ? []
        : [{
            objectKey,
            parts,
            change: { kind: 'unclear' as const },
            eventSource: 'test',
            eventTime: new Date(),
            sequencer: undefined,
            versionId: undefined,
          }]
    }),
  }
}

async function send (target: SigningTarget, method: 'PUT' | 'DELETE', objectKey: string, size = 0): Promise<void> {
  const url = createPresign(target)({ method, objectKey, signedAt: new Date(), expiresInSeconds: 300 })
  const response = await fetch(url, { method, ...method === 'PUT' ? { body: Buffer.alloc(size) } : {} })
  if (!response.ok) throw new Error(`${method}: ${response.status} ${await response.text()}`)
}

for (const database of databaseKinds) {
  for (const bucketKind of buckets) {
    const skip = database.skip || bucketKind.skip
    const name = `${bucketKind.name} and ${database.kind === 'embedded' ? 'the embedded database' : 'a PostgreSQL server'}`
    t.test(`on ${name}, a reconcile makes any catalogue what the bucket is, beside live events`, { skip, timeout: 600_000 }, async (t) => {
      const { database: db, close } = await database.create()
      t.teardown(close)
      const { target, takeEvents } = await bucketKind.open(t)
      const connection = new StoreConnection(target, timeouts)
      t.teardown(() => connection.close())
      const storage = new ObjectStorage(target, timeouts)
      t.teardown(() => storage.close())
      const list = createBucketListing(connection)
      const askStore = async (objectKey: string): Promise<Observation> => {
        const { stored, observedAt } = await storage.observe(objectKey)
        return {
          observedAt,
          change: stored === undefined
            ? { kind: 'removed' }
            : { kind: 'created', sizeBytes: stored.sizeBytes, entityTag: stored.entityTag.replaceAll('"', '') },
        }
      }
      const intake = new EventIntake((records) => applyRecords(db, records, bounds), askStore)
      const report = (events: BucketEvent[]) => intake.take(events.map((event) => ({ event, record: null })))
      let caseCount = 0

      await fc.assert(fc.asyncProperty(history, async ({ stored, catalogued, changes, pageKeys, parallel }) => {
        const orgKey = `case-${++caseCount}`
        const keys = Array.from({ length: KEYS }, (_, index) => keyOf(orgKey, index))
        const model = new Map<string, number>()
        const apply = async (objectKey: string, size: number | null) => {
          if (size === null) {
            await send(target, 'DELETE', objectKey)
            model.delete(objectKey)
          } else {
            await send(target, 'PUT', objectKey, size)
            model.set(objectKey, size)
          }
        }
        for (const [index, size] of stored.entries()) if (size !== null) await apply(keys[index] ?? '', size)
        // These events are the ones that get lost.
        takeEvents([])

        const entityTags = new Map<string, string | undefined>()
        for await (const { objects } of list({ prefix: `${orgKey}/`, startAfter: '' })) {
          for (const { objectKey, entityTag } of objects) entityTags.set(objectKey, entityTag)
        }
        await applyObservations(db, catalogued.flatMap(({ as, sizeBytes, aheadHours }, index) => {
          const objectKey = keys[index] ?? ''
          const parts = parseObjectKey(objectKey)
          const size = as === 'stored' ? model.get(objectKey) : as === 'other' ? sizeBytes : undefined
          if (parts === undefined || size === undefined) return []
          const entityTag = as === 'stored' ? entityTags.get(objectKey) : 'another'
          const observedAt = new Date(Date.now() + aheadHours * HOUR_MS)
          return [{ objectKey, parts, observation: { change: { kind: 'created', sizeBytes: size, entityTag }, observedAt } }]
        }), bounds.clockSkewMs)
        const before = await readRows(orgKey)

        const late: BucketEvent[] = []
        const reports: Array<Promise<unknown>> = []
        const counts = await runReconcile(orgKey, async (page) => {
          for (const { atPage, at, isReportedAtOnce } of changes) {
            if (atPage !== page) continue
            const objectKey = keys[at.key] ?? ''
            await apply(objectKey, at.sizeBytes)
            const events = takeEvents([objectKey])
            if (isReportedAtOnce) reports.push(report(events))
            else late.push(...events)
          }
        })
        await Promise.all(reports)
        await report(late)

        const counted = (await readRows(orgKey)).filter((row) => row.removed_at_ms === null)
        const truth = [...model].filter(([objectKey]) => parseObjectKey(objectKey) !== undefined)
        equal(counted.map((row) => [row.object_key, Number(row.size_bytes)]).sort(), truth.sort(), 'rows')
        equal(await auditSums(db), [], 'differences between sums and rows')
        equal(counts.unsettledCount, 0, 'differences left')
        if (changes.length === 0) equal(counts.foreignCount, model.size - truth.length, 'keys of another form')

        const changedKeys = new Set(changes.map(({ at }) => keys[at.key]))
        const revisions = new Map((await readRows(orgKey)).map((row) => [row.object_key, row.revision]))
        for (const [index, { as, aheadHours }] of catalogued.entries()) {
          const row = before.find((candidate) => candidate.object_key === keys[index])
          if (row === undefined || as !== 'stored' || aheadHours > 0 || changedKeys.has(row.object_key)) continue
          equal(revisions.get(row.object_key), row.revision, 'the revision of a row that was right')
        }

        const settledRows = await readRows(orgKey)
        const latestMs = Date.now() + bounds.clockSkewMs
        equal(settledRows.filter((row) => Number(row.event_time_ms ?? row.observed_at_ms ?? 0) > latestMs), [], 'rows dated ahead')
        const again = await runReconcile(orgKey, async () => {})
        equal([again.addedCount, again.removedCount, again.correctedCount, again.leftCount], [0, 0, 0, 0], 'a second time')
        equal(await readRows(orgKey), settledRows, 'rows after the second time')

        async function runReconcile (org: string, onPage: (page: number) => Promise<void>): Promise<ReconcileCounts> {
          let page = 0
          let turn = Promise.resolve()
          const context = {
            database: db,
            askStore,
            clockSkewMs: bounds.clockSkewMs,
            listBucket: async function * (range: Parameters<typeof list>[0]) {
              for await (const listed of list({ ...range, pageKeys })) {
                // One change after the other, even if ranges are listed side by side.
                turn = turn.then(() => onPage(page++))
                await turn
                yield listed
              }
            },
          }
          let counts: ReconcileCounts | undefined
          const options = { prefix: `${org}/`, startAfter: '', dryRun: false, parallel }
          for await (const progress of reconcile(context, options)) counts = progress.counts
          if (counts === undefined) throw new Error('nothing was reported')
          return counts
        }
      }), { numRuns: runs })
      t.pass(`${caseCount} cases`)

      async function readRows (orgKey: string) {
        const { rows } = await sql<ReadObjectRow>`
          select ${readableColumns('objects')} from objects where org_key = ${orgKey} order by object_key`.execute(db)
        return rows
      }
    })
  }
}

function equal (found: unknown, wanted: unknown, what: string): void {
  const [left, right] = [found, wanted].map((value) => JSON.stringify(value, (_name, part) => typeof part === 'bigint' ? String(part) : part))
  if (left !== right) throw new Error(`${what}: found ${left}, wanted ${right}`)
}
