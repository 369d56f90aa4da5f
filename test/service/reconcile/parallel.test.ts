import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import t from 'tap'
import { readLastReconciliation } from '../../../db/reconcile/reconciliations.js'
import { LeaseLostError } from '../../../db/leases.js'
import { auditSums } from '../../../db/usage/audit.js'
import { compareObjectKeys } from '../../../objects/key-order.js'
import { type ReconcileRequest, startReconciliation } from '../../../reconcile/run.js'
import type { ListBucket } from '../../../store/listing-pages.js'
import { catalogueFiles } from '../../support/catalogued-files.js'
import { databaseKinds, emptyTables } from '../../support/database.js'
import { listedBucket } from '../../support/listed-bucket.js'

const id = '00000000-0000-4000-8000-000000000001'
const keyOf = (index: number) => {
  const random = createHash('sha256').update(String(index)).digest('hex')
  const runId = `${random.slice(0, 8)}-0000-4000-8000-000000000001`
  return `acme/workflows/${id}/runs/${runId}/users/${id}/outputs/AAAAAAAAAAAAAAAAAAAAAA/${index}`
}
const keysOf = (count: number) => Array.from({ length: count }, (_, index) => keyOf(index))
const PAGE_KEYS = 50

/** A bucket of small pages, whatever is asked for. */
function bucketOf (keys: Iterable<string>, options: Parameters<typeof listedBucket>[1] = {}): ListBucket {
  const bucket = listedBucket(new Set(keys), options)
  return (range) => bucket({ ...range, pageKeys: Math.min(range.pageKeys ?? PAGE_KEYS, PAGE_KEYS) })
}

for (const { name, skip, create } of databaseKinds) {
  t.test(`a reconcile of ranges side by side on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))
    t.afterEach(async () => { t.strictSame(await auditSums(database), [], 'the sums are those of the rows') })
    const start = async (listBucket: ListBucket, request: Partial<ReconcileRequest> = {}) => await startReconciliation({
      database,
      listBucket,
      listPrefixes: async function * () { yield ['acme/'] },
      askStore: async () => { throw new Error('The store is not to be asked.') },
      clockSkewMs: 5_000,
    }, { prefix: 'acme/', parallel: 8, ...request })
    const countedKeys = async () => {
      const rows = await database.selectFrom('objects').select('object_key')
        .where('removed_at', 'is', null).orderBy('object_key').execute()
      return rows.map(({ object_key: objectKey }) => objectKey)
    }

    t.test('has as many listings under way as it may, and no more', async (t) => {
      for (const parallel of [1, 8]) {
        let [underWay, most] = [0, 0]
        let open = () => {}
        const all = new Promise<void>((resolve) => { open = resolve })
        // Each range is held at its third page until as many are there; what looks for ends of ranges reads one page.
        const bucket = bucketOf(keysOf(2_000), {
          beforePage: async (_range, page) => {
            if (page !== 3) return
            most = Math.max(most, ++underWay)
            if (underWay === parallel) open()
            await all
            underWay--
          },
        })
        t.match(await (await start(bucket, { dryRun: true, parallel }))?.done, { listedCount: 2_000, addedCount: 2_000 })
        t.equal(most, parallel)
      }
    })

    t.test('finds and settles what one range does, also as a dry run, and none is left', async (t) => {
      const keys = keysOf(1_500)
      const eventTime = new Date(Date.now() - 3_600_000)
      await catalogueFiles(database, keys.flatMap((objectKey, index) =>
        index % 3 === 0 ? [] : [{ objectKey, sizeBytes: index % 7 === 0 ? 2 : 1, eventTime }]))
      // The catalogue's files at either end and in the middle are gone, too.
      const stored = keys.toSorted(compareObjectKeys).filter((_, index) => index > 20 && index % 5 !== 0 && index < 1_480)
      const bucket = bucketOf([...stored, ...['acme/!', 'acme/workflows', 'acme/workflows/~', 'acme/~'].map((each) => `${each}/foreign`)])
      const dry = await (await start(bucket, { dryRun: true, parallel: 1 }))?.done
      t.strictSame(await (await start(bucket, { dryRun: true }))?.done, dry)
      const foreign: string[] = []
      t.strictSame(await (await start(bucket, { onForeign: ({ objectKey }) => { foreign.push(objectKey) } }))?.done, dry)
      t.equal(foreign.length, 4)
      t.strictSame(await countedKeys(), stored)
      t.match(await readLastReconciliation(database, 'acme/'), { status: 'complete', checkpoint: '', openRanges: [] })
      const again = await (await start(bucket))?.done
      t.match(again, { listedCount: stored.length + 4, addedCount: 0, removedCount: 0, correctedCount: 0 })
    })

    t.test('stopped, it is resumed by any number of ranges, from where each of them was', async (t) => {
      const keys = keysOf(5_000).sort(compareObjectKeys)
      let resumedCount = 0
      // All keys are a hundred pages.
      for (const [parallel, mostPages] of [[8, 90], [3, 8], [5, 1]] as const) {
        const stop = new AbortController()
        const before = await readLastReconciliation(database, 'acme/')
        let pages = 0
        const bucket = bucketOf(keys, { beforePage: async () => { if (++pages > mostPages) stop.abort(new Error('enough')) } })
        const run = await start(bucket, { parallel, signal: stop.signal })
        await t.rejects(Promise.resolve(run?.done), { message: 'enough' })
        const last = await readLastReconciliation(database, 'acme/')
        const { openRanges = [], checkpoint = '', counts } = last ?? {}
        t.match(last, { id: before?.id ?? last?.id, status: 'interrupted' })
        const left = openRanges.length > 0 ? openRanges : [{ startAfter: checkpoint, through: undefined }]
        t.equal(checkpoint, left[0]?.startAfter)
        if (left.length > 1) resumedCount++
        const isLeft = (key: string) => left.some(({ startAfter, through }) =>
          compareObjectKeys(key, startAfter) > 0 && (through === undefined || compareObjectKeys(key, through) <= 0))
        const counted = new Set(await countedKeys())
        t.strictSame(keys.filter((key) => !isLeft(key) && !counted.has(key)), [], 'what is in no range is counted')
        t.equal(counts?.listedCount, keys.filter((key) => !isLeft(key)).length)
      }
      t.ok(resumedCount > 0, 'several ranges were left')
      t.match(await (await start(bucketOf(keys), { parallel: 2 }))?.done, { listedCount: 5_000, addedCount: 5_000 })
      t.strictSame(await countedKeys(), keys)
    })

    t.test('killed, it is resumed once its lease has ended, and nothing of it is written after that', async (t) => {
      const keys = keysOf(5_000).sort(compareObjectKeys)
      let [wake, sleep] = [() => {}, () => {}]
      const asleep = new Promise<void>((resolve) => { sleep = resolve })
      const awake = new Promise<void>((resolve) => { wake = resolve })
      let pages = 0
      const killed = await start(bucketOf(keys, {
        beforePage: async () => {
          if (++pages < 90) return
          sleep()
          await awake
        },
      }))
      await asleep
      await sql`update leases set expires_at = clock_timestamp()`.execute(database)
      const lost = killed?.done.then(() => undefined, (error: unknown) => error)
      const next = await start(bucketOf(keys), { parallel: 3 })
      t.equal(next?.reconciliation?.id, killed?.reconciliation?.id)
      t.match(await next?.done, { listedCount: 5_000 })
      t.strictSame(await countedKeys(), keys)
      wake()
      t.type(await lost, LeaseLostError)
      t.match(await readLastReconciliation(database, 'acme/'), { status: 'complete' })
    })

    t.test('fails as the first of its ranges does, once the others have ended', async (t) => {
      let underWay = 0
      const bucket = bucketOf(keysOf(2_000))
      const failing: ListBucket = async function * (range) {
        underWay++
        try {
          let page = 0
          for await (const listed of bucket(range)) {
            if (page++ === 3 && compareObjectKeys(range.startAfter, '') > 0) throw new Error('out of order')
            yield listed
          }
        } finally {
          underWay--
        }
      }
      await t.rejects(Promise.resolve((await start(failing))?.done), { message: 'out of order' })
      t.equal(underWay, 0)
      t.match(await readLastReconciliation(database, 'acme/'), { status: 'failed', failure: 'Error' })
      t.match(await (await start(bucket))?.done, { listedCount: 2_000 })
      t.equal((await countedKeys()).length, 2_000)
    })
  })
}
