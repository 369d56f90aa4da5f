import { setImmediate } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import t, { type Test } from 'tap'
import { connectPostgres } from '../../../db/connection/pool.js'
import { applyRecords } from '../../../db/events/apply-records.js'
import type { Database } from '../../../db/connection/tables.js'
import { auditSums } from '../../../db/usage/audit.js'
import type { ObjectChange } from '../../../events/notification.js'
import { parseObjectKey } from '../../../objects/object-key.js'
import { type ReconcileOptions, type ReconcileProgress, reconcile } from '../../../reconcile/reconcile.js'
import { noCounts } from '../../../reconcile/counts.js'
import type { ListedObject } from '../../../store/listing-document.js'
import type { ListBucket, ListingPage } from '../../../store/listing-pages.js'
import { createServerDatabase, databaseKinds, emptyTables, lockWaits, testDatabaseUrl } from '../../support/database.js'

const CLOCK_SKEW_MS = 5_000
const bounds = { clockSkewMs: CLOCK_SKEW_MS, tombstoneRetentionMs: 30 * 24 * 3600 * 1000, isAmazonS3: false }
const HOUR_MS = 3_600_000
const id = '00000000-0000-4000-8000-000000000001'
const keyOf = (name: string) => `acme/workflows/${id}/runs/${id}/users/${id}/outputs/AAAAAAAAAAAAAAAAAAAAAA/${name}`
const names = (count: number) => Array.from({ length: count }, (_, index) => String(index).padStart(5, '0'))
const removed = { kind: 'removed' } as const
const created = (sizeBytes: number) => ({ kind: 'created', sizeBytes, entityTag: `tag-${sizeBytes}` }) as const
const listed = (objectKey: string, sizeBytes = 1): ListedObject => ({ objectKey, sizeBytes, entityTag: `tag-${sizeBytes}` })

/** Counts what happened to a file, an hour ago unless stated otherwise. */
async function report (database: Kysely<Database>, objectKey: string, change: ObjectChange, ageMs = HOUR_MS): Promise<void> {
  const parts = parseObjectKey(objectKey)
  if (parts === undefined) throw new TypeError('The key is not valid.')
  const eventTime = new Date(Date.now() - ageMs)
  const event = { objectKey, parts, change, eventSource: 'minio:s3', eventTime, sequencer: undefined, versionId: undefined }
  await applyRecords(database, [{ event, record: null }], bounds)
}

/** A bucket whose pages can be held back. */
function bucketOf (objects: ListedObject[], { pageKeys = 1000, beforePage = async (_page: number) => {} } = {}): ListBucket {
  return async function * ({ startAfter }) {
    const left = objects.filter(({ objectKey }) => objectKey > startAfter)
    for (let from = 0, page = 0; ; from += pageKeys, page++) {
      await beforePage(page)
      const isLast = from + pageKeys >= left.length
      yield { objects: left.slice(from, from + pageKeys), observedAt: new Date(), isLast } satisfies ListingPage
      if (isLast) return
    }
  }
}

const notToBeAsked = async () => { throw new Error('The store is not to be asked.') }

function start (
  database: Kysely<Database>, listBucket: ListBucket, options: Partial<ReconcileOptions> = {}, askStore = notToBeAsked,
) {
  return reconcile({ database, listBucket, askStore, clockSkewMs: CLOCK_SKEW_MS },
    { prefix: 'acme/', startAfter: '', dryRun: false, ...options })
}

async function last (run: AsyncIterable<ReconcileProgress>): Promise<ReconcileProgress | undefined> {
  let progress: ReconcileProgress | undefined
  for await (progress of run);
  return progress
}

async function countedKeys (database: Kysely<Database>): Promise<string[]> {
  const rows = await database.selectFrom('objects').select('object_key')
    .where('removed_at', 'is', null).orderBy('object_key').execute()
  return rows.map(({ object_key: objectKey }) => objectKey)
}

for (const { kind, skip, create } of databaseKinds) {
  t.test(`a reconcile on ${kind === 'embedded' ? 'the embedded database' : 'a PostgreSQL server'}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))
    t.afterEach(async () => { t.strictSame(await auditSums(database), [], 'the sums are those of the rows') })

    /** Files of each kind; their names say which. */
    const mixed = async () => {
      for (const [name, sizeBytes] of [['same', 1], ['corrected', 1], ['gone', 1], ['gone-2', 7]] as const) {
        await report(database, keyOf(name), created(sizeBytes))
      }
      await report(database, keyOf('tombstone'), removed)
      return ['added', 'added-2', 'added-3', 'corrected', 'same'].map((name) => listed(keyOf(name), name === 'same' ? 1 : 5))
        .concat(listed('acme/foreign', 30), listed('acme/foreign-2', 12)).toSorted((one, other) => one.objectKey < other.objectKey ? -1 : 1)
    }
    const mixedCounts = {
      ...noCounts, listedCount: 7, addedCount: 3, removedCount: 2, correctedCount: 1, foreignCount: 2, foreignBytes: 42n,
    }

    t.test('each difference is settled and counted for what it is, and none remains', async (t) => {
      const objects = await mixed()
      const foreign: unknown[] = []
      const onForeign = (object: unknown) => { foreign.push(object) }
      const progress = await last(start(database, bucketOf(objects, { pageKeys: 2 }), { onForeign }))
      t.strictSame(progress?.counts, mixedCounts)
      t.match(foreign, [{ objectKey: 'acme/foreign', sizeBytes: 30 }, { objectKey: 'acme/foreign-2', sizeBytes: 12 }])
      t.strictSame(await countedKeys(database), ['added', 'added-2', 'added-3', 'corrected', 'same'].map(keyOf))
      t.strictSame((await last(start(database, bucketOf(objects))))?.counts,
        { ...noCounts, listedCount: 7, foreignCount: 2, foreignBytes: 42n }, 'a second time')
    })

    t.test('a dry run counts the same, and changes nothing', async (t) => {
      const objects = await mixed()
      const before = await countedKeys(database)
      t.strictSame((await last(start(database, bucketOf(objects), { dryRun: true })))?.counts, mixedCounts)
      t.strictSame(await countedKeys(database), before)
    })

    t.test('files in folders are counted, as many as a dry run says, and what is not a path stays foreign', async (t) => {
      const counted = ['plots/2026/a.png', 'plots/2026/ä b+c%.png'].map((path) => listed(keyOf(path), 3))
      const objects = [...counted, ...['plots//a', 'plots/../a', 'plots/a/'].map((path) => listed(keyOf(path)))]
        .toSorted((one, other) => one.objectKey < other.objectKey ? -1 : 1)
      const counts = { ...noCounts, listedCount: 5, addedCount: 2, foreignCount: 3, foreignBytes: 3n }
      t.strictSame((await last(start(database, bucketOf(objects), { dryRun: true })))?.counts, counts)
      t.strictSame(await countedKeys(database), [])
      t.strictSame((await last(start(database, bucketOf(objects))))?.counts, counts)
      t.strictSame(await countedKeys(database), counted.map(({ objectKey }) => objectKey))
      t.strictSame((await last(start(database, bucketOf(objects), { dryRun: true })))?.counts, { ...counts, addedCount: 0 })
    })

    t.test('what was counted before is added to, from the checkpoint on', async (t) => {
      await report(database, keyOf('a'), created(1))
      const counts = {
        listedCount: 1,
        addedCount: 2,
        removedCount: 3,
        correctedCount: 4,
        leftCount: 5,
        unsettledCount: 6,
        foreignCount: 7,
        foreignBytes: 8n,
      }
      const objects = [listed(keyOf('b')), listed(keyOf('c'))]
      const progress = await last(start(database, bucketOf(objects), { startAfter: keyOf('a'), counts }))
      t.strictSame(progress?.counts, { ...counts, listedCount: 3, addedCount: 4 })
      t.strictSame(await countedKeys(database), ['a', 'b', 'c'].map(keyOf), 'what comes before it is left alone')
    })

    t.test('whatever it has reported is in the database', async (t) => {
      const objects = names(3_500).map((name) => listed(keyOf(name)))
      const checkpoints: string[] = []
      let addedCount = 0
      for await (const { checkpoint, counts } of start(database, bucketOf(objects, { pageKeys: 700 }))) {
        const keys = await countedKeys(database)
        const settled = (key: string) => key <= checkpoint
        t.strictSame(keys.filter(settled), objects.map(({ objectKey }) => objectKey).filter(settled))
        t.ok(counts.addedCount >= addedCount && counts.addedCount <= keys.length, 'no more is counted than is there')
        addedCount = counts.addedCount
        if (checkpoint !== checkpoints.at(-1)) checkpoints.push(checkpoint)
      }
      t.strictSame(checkpoints.toSorted(), checkpoints, 'it never goes back')
      t.ok(checkpoints.length > 2, 'it is told on the way')
      t.equal(addedCount, 3_500)
    })

    t.test('a key that changes whenever the store is asked is left to its events, and the others are settled', async (t) => {
      const [hot, cool] = [keyOf('hot'), keyOf('cool')]
      for (const objectKey of [hot, cool]) await report(database, objectKey, created(1), 0)
      const asked: string[] = []
      const askStore = async (objectKey: string) => {
        asked.push(objectKey)
        if (objectKey === hot) await sql`update objects set revision = gen_random_uuid() where object_key = ${hot}`.execute(database)
        return { change: removed, observedAt: new Date() }
      }
      const progress = await last(reconcile({ database, listBucket: bucketOf([]), askStore, clockSkewMs: CLOCK_SKEW_MS },
        { prefix: 'acme/', startAfter: '', dryRun: false }))
      t.match(progress?.counts, { removedCount: 1, leftCount: 1, unsettledCount: 0 })
      t.strictSame(asked.filter((objectKey) => objectKey === hot).length, 4)
      t.strictSame(await countedKeys(database), [hot])
    })

    t.test('a row that is removed while the store is asked about it is decided about again', async (t) => {
      await report(database, keyOf('a'), removed, 0)
      const askStore = async () => {
        await database.deleteFrom('objects').execute()
        return { change: created(1), observedAt: new Date() }
      }
      const progress = await last(reconcile({ database, listBucket: bucketOf([listed(keyOf('a'))]), askStore, clockSkewMs: CLOCK_SKEW_MS },
        { prefix: 'acme/', startAfter: '', dryRun: false }))
      t.match(progress?.counts, { addedCount: 1, leftCount: 0 })
      t.strictSame(await countedKeys(database), [keyOf('a')])
    })

    t.test('what the database refuses is counted as unsettled, and the rest is settled', async (t) => {
      const huge = names(1_023).map((name) => listed(keyOf(`huge-${name}`), 2 ** 53 - 1))
      const objects = [...huge, ...['too-big', 'too-big-2'].map((name) => listed(keyOf(name), 2 ** 53 - 1)), listed(keyOf('zero'), 0)]
      const progress = await last(start(database, bucketOf(objects)))
      t.match(progress?.counts, { addedCount: 1_025, unsettledCount: 1 })
      t.ok((await countedKeys(database)).includes(keyOf('zero')))
    })

    t.test('once it is told to stop it looks at nothing more, and says why', async (t) => {
      const stop = new AbortController()
      const pages: number[] = []
      const objects = names(10).map((name) => listed(keyOf(name)))
      const beforePage = async (page: number) => {
        pages.push(page)
        if (page === 2) stop.abort(new Error('told to stop'))
      }
      await t.rejects(last(start(database, bucketOf(objects, { pageKeys: 2, beforePage }), { signal: stop.signal })), { message: 'told to stop' })
      t.strictSame(pages, [0, 1, 2])
      t.strictSame(await countedKeys(database), [], 'what was not reported is not written')
    })
  })
}

/** The monotonic clock stands still, except for what the test adds. */
function stopMonotonicClock (t: Test): (elapsedMs: number) => void {
  const start = performance.now()
  let elapsed = 0
  t.intercept(performance, 'now', { value: () => start + elapsed })
  return (elapsedMs) => { elapsed = elapsedMs }
}

t.test('a pace', { skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set' }, async (t) => {
  const { url, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  /**
   * Looks at 1,000 objects at ten per second once this much time has passed; returns whether it then requests the next page.
   */
  const goesOnAfter = async (t: Test, elapsedMs: number): Promise<boolean> => {
    const stop = new AbortController()
    const elapse = stopMonotonicClock(t)
    let isNextAsked = false
    let noteRead = () => {}
    const isRead = new Promise<void>((resolve) => { noteRead = resolve })
    const database = connectPostgres(url, () => {}, {}, ({ query }) => { if (query.sql === 'commit') noteRead() })
    const objects = names(2_000).map((name) => listed(`acme/${name}`))
    const beforePage = async (page: number) => {
      if (page === 0) elapse(elapsedMs)
      else isNextAsked = true
    }
    const run = start(database, bucketOf(objects, { beforePage }), { keysPerSecond: 10, signal: stop.signal })
    const ended = last(run).catch(() => {})
    // Once the catalogue was read, nothing but the pace comes before the bucket's next page.
    await isRead
    for (let turn = 0; turn < 500; turn++) await setImmediate()
    stop.abort()
    await ended
    await database.destroy()
    return isNextAsked
  }

  t.test('holds a run up that is early', async (t) => {
    for (const elapsedMs of [0, 200, 50_000, 70_000]) t.equal(await goesOnAfter(t, elapsedMs), false, `after ${elapsedMs} ms`)
  })

  t.test('does not hold a run up that is not', async (t) => {
    for (const elapsedMs of [100_000, 200_000]) t.equal(await goesOnAfter(t, elapsedMs), true, `after ${elapsedMs} ms`)
  })
})

t.test('a batch is not written before the one before it', { skip: testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set' }, async (t) => {
  const { database, connect, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  const objects = names(2_500).map((name) => listed(keyOf(name)))
  await report(database, keyOf('00000'), created(9))
  const reported: string[] = []
  let run: Promise<void> = Promise.resolve()
  await connect().transaction().execute(async (transaction) => {
    await transaction.selectFrom('objects').select('revision').where('object_key', '=', keyOf('00000')).forUpdate().execute()
    run = (async () => {
      for await (const { checkpoint } of start(database, bucketOf(objects))) reported.push(checkpoint)
    })()
    // The first batch waits for the row.
    await lockWaits(database)
    // Time for the second batch to be compared, which is allowed, and to be written, which is not.
    for (let turn = 0; turn < 30; turn++) await sql`select pg_sleep(0.01)`.execute(database)
    t.strictSame(await countedKeys(database), [keyOf('00000')])
    t.ok(reported.every((checkpoint) => checkpoint === ''), 'nor is anything reported')
  })
  await run
  t.equal((await countedKeys(database)).length, 2_500)
  t.strictSame(await auditSums(database), [])
})
