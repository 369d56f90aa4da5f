import { sql } from 'kysely'
import t from 'tap'
import { takeLease } from '../../../db/leases.js'
import { readLastReconciliation } from '../../../db/reconcile/reconciliations.js'
import { EmptyBucketError, type ReconcileRequest, startReconciliation } from '../../../reconcile/run.js'
import { DisorderedListingError } from '../../../store/distinct-keys.js'
import { ObjectStorageRefused } from '../../../store/failures.js'
import type { ListBucket, ListingRange } from '../../../store/listing-pages.js'
import { databaseKinds, emptyTables } from '../../support/database.js'

const id = '00000000-0000-4000-8000-000000000001'
const keyOf = (name: string, orgKey = 'acme') => `${orgKey}/workflows/${id}/runs/${id}/users/${id}/outputs/AAAAAAAAAAAAAAAAAAAAAA/${name}`

/** A bucket with these keys, a key a page; each range that it is asked for is told. */
function bucketOf (keys: string[], onAsked: (range: ListingRange) => void = () => {}): ListBucket {
  return async function * (range) {
    onAsked(range)
    const left = keys.filter((key) => key.startsWith(range.prefix) && key > range.startAfter).sort()
    for (const [index, objectKey] of left.entries()) {
      range.signal?.throwIfAborted()
      yield { objects: [{ objectKey, sizeBytes: 1, entityTag: 'e' }], observedAt: new Date(), isLast: index === left.length - 1 }
    }
    if (left.length === 0) yield { objects: [], observedAt: new Date(), isLast: true }
  }
}

/** A bucket whose listing fails after a page. */
function failingWith (error: unknown): ListBucket {
  return async function * (range) {
    for await (const page of bucketOf([keyOf('a')])(range)) yield { ...page, isLast: false }
    throw error
  }
}

for (const { name, skip, create } of databaseKinds) {
  t.test(`a run of a reconcile on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))
    const start = async (listBucket: ListBucket, request: Partial<ReconcileRequest> = {}) => await startReconciliation({
      database,
      listBucket,
      listPrefixes: async function * () { yield ['acme/'] },
      // What was counted just now may have changed since.
      askStore: async () => ({ change: { kind: 'removed' }, observedAt: new Date() }),
      clockSkewMs: 5_000,
    }, { prefix: 'acme/', ...request })
    const last = async (prefix = 'acme/') => await readLastReconciliation(database, prefix)

    t.test('is recorded with what it found, and leaves its lease to the next', async (t) => {
      const keys = [keyOf('a'), keyOf('b'), 'acme/foreign']
      const found: string[] = []
      const listedCounts: number[] = []
      const run = await start(bucketOf(keys), {
        onForeign: ({ objectKey }) => { found.push(objectKey) },
        onProgress: ({ listedCount }) => { listedCounts.push(listedCount) },
      })
      t.match(run?.reconciliation, { prefix: 'acme/', status: 'running', checkpoint: '' })
      t.match(await run?.done, { listedCount: 3, addedCount: 2, foreignCount: 1, disorderedOrgKeys: [] })
      t.match(await last(), { status: 'complete', checkpoint: '', failure: null, counts: { listedCount: 3, addedCount: 2 } })
      t.strictSame(found, ['acme/foreign'])
      t.equal(listedCounts.at(-1), 3)
      t.match(await (await start(bucketOf(keys)))?.done, { listedCount: 3, addedCount: 0 })
    })

    t.test('that is dry needs no lease, and leaves no trace', async (t) => {
      const lease = await takeLease(database, 'reconcile')
      const run = await start(bucketOf([keyOf('a')]), { dryRun: true })
      t.equal(run?.reconciliation, undefined)
      t.match(await run?.done, { addedCount: 1, foreignBytes: 0n })
      t.equal(await last(), undefined)
      await lease?.release()
    })

    t.test('does not begin while another one works on any of the same keys', async (t) => {
      for (const [held, prefix, begins] of [
        ['reconcile', 'acme/', false], ['reconcile', '', false], ['reconcile/acme', 'acme/', false], ['reconcile/acme', '', false],
        ['reconcile/acme', 'globex/', true],
      ] as const) {
        const lease = await takeLease(database, held)
        const run = await start(bucketOf([]), { prefix })
        t.equal(run !== undefined, begins, `${held} and ${prefix}`)
        await run?.done
        await lease?.release()
      }
    })

    t.test('takes an empty bucket for the wrong one where files are counted, and only there', async (t) => {
      await (await start(bucketOf([keyOf('a')])))?.done
      const message = /^The bucket is empty, while files are counted\..*--allow-empty settles it\.$/
      for (const prefix of ['acme/', '']) {
        const run = await start(bucketOf([]), { prefix })
        await t.rejects(Promise.resolve(run?.done), { name: 'EmptyBucketError', message })
        t.match(await last(prefix), { status: 'failed', failure: message })
      }
      t.type(await (await start(bucketOf([])))?.done.catch((error: unknown) => error), EmptyBucketError)
      t.match(await (await start(bucketOf([]), { dryRun: true }))?.done, { removedCount: 1 }, 'a dry run does no harm')
      t.match(await (await start(bucketOf([keyOf('a', 'globex')])))?.done, { removedCount: 1 }, 'another organisation has files in it')
      t.match(await (await start(bucketOf([])))?.done, { removedCount: 0 }, 'nothing is counted')
      await (await start(bucketOf([keyOf('b')])))?.done
      t.match(await (await start(bucketOf([]), { allowEmptyBucket: true }))?.done, { removedCount: 1 })
    })

    t.test('takes a bucket that cannot be listed in order not to be empty', async (t) => {
      await (await start(bucketOf([keyOf('a')])))?.done
      const disordered: ListBucket = async function * (range) {
        if (range.prefix === '') throw new DisorderedListingError('x')
        yield { objects: [], observedAt: new Date(), isLast: true }
      }
      t.match(await (await start(disordered))?.done, { removedCount: 1 })
      await (await start(bucketOf([keyOf('b')])))?.done
      const refused: ListBucket = async function * (range) {
        if (range.prefix === '') throw new ObjectStorageRefused('AccessDenied')
        yield { objects: [], observedAt: new Date(), isLast: true }
      }
      await t.rejects(Promise.resolve((await start(refused))?.done), new ObjectStorageRefused('AccessDenied'))
    })

    t.test('that is told to stop is interrupted; the next goes on with it, unless it is to start over', async (t) => {
      const bucket = bucketOf(['a', 'b', 'c'].map((each) => keyOf(each)))
      const interrupt = async (request: Partial<ReconcileRequest> = {}) => {
        const stop = new AbortController()
        const run = await start(bucket, { ...request, signal: stop.signal, onProgress: () => { stop.abort(new Error('enough')) } })
        await t.rejects(Promise.resolve(run?.done), { message: 'enough' })
        t.match(await last(), { status: 'interrupted', failure: null, finishedAt: null })
        return run?.reconciliation?.id
      }
      const first = await interrupt()
      t.equal(await interrupt(), first)
      const second = await interrupt({ restart: true })
      t.not(second, first)
      await sql`update reconciliations set updated_at = updated_at - interval '1 day 1 minute'`.execute(database)
      const run = await start(bucket)
      t.not(run?.reconciliation?.id, second, 'what was compared a day ago is compared again')
      t.match(await run?.done, { addedCount: 3 })
    })

    t.test('goes on after the key up to which everything was settled', async (t) => {
      const asked: string[] = []
      const bucket = bucketOf(['a', 'b'].map((each) => keyOf(each)), ({ startAfter }) => { asked.push(startAfter) })
      await (await start(failingWith(new TypeError())))?.done.catch(() => {})
      await sql`update reconciliations set checkpoint = ${keyOf('a')}, listed_count = 1, status = 'failed'`.execute(database)
      t.match(await (await start(bucket))?.done, { listedCount: 2, addedCount: 1 })
      t.strictSame(asked, [keyOf('a')])
    })

    t.test('that fails is recorded with a message that names no key, and gives its lease back', async (t) => {
      for (const [error, failure] of [
        [new TypeError(keyOf('secret')), 'TypeError'], ['secret', 'unknown'],
        [new ObjectStorageRefused('AccessDenied'), 'Object storage refuses this service: AccessDenied.'],
        [new DisorderedListingError('not in order'), 'not in order'],
      ] as const) {
        const run = await start(failingWith(error), { restart: true })
        await Promise.resolve(run?.done).then(() => { t.fail('it ended well') }, (thrown: unknown) => { t.equal(thrown, error) })
        t.match(await last(), { status: 'failed', failure })
      }
      const [before, run] = [await last(), await start(bucketOf([]), { restart: true })]
      t.not(run?.reconciliation?.id, before?.id, 'started over')
      await run?.done
    })
  })
}
