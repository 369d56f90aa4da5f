import t from 'tap'
import { applyRecords } from '../../../db/events/apply-records.js'
import { type ObjectKeyParts, parseObjectKey } from '../../../objects/object-key.js'
import { compareUsage } from '../../../reconcile/compare-usage.js'
import type { ListedObject } from '../../../store/listing-document.js'
import type { ListBucket, ListingRange } from '../../../store/listing-pages.js'
import { databaseKinds } from '../../support/database.js'

const bounds = { clockSkewMs: 5_000, tombstoneRetentionMs: 30 * 24 * 3600 * 1000, isAmazonS3: false }
const [one, other] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002']
const keyOf = (name: string, { createdBy = one, direction = 'outputs' } = {}) =>
  `acme/workflows/${one}/runs/${one}/users/${createdBy}/${direction}/AAAAAAAAAAAAAAAAAAAAAA/${name}`
const listed = (objectKey: string, sizeBytes: number): ListedObject => ({ objectKey, sizeBytes, entityTag: `tag-${sizeBytes}` })
const event = (objectKey: string, parts: ObjectKeyParts, sizeBytes: number) => ({
  objectKey,
  parts,
  change: { kind: 'created', sizeBytes, entityTag: `tag-${sizeBytes}` } as const,
  eventSource: 'minio:s3',
  eventTime: new Date(Date.now() - 3_600_000),
  sequencer: undefined,
  versionId: undefined,
})

for (const { name, skip, create } of databaseKinds) {
  t.test(`a comparison of figures on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    for (const [objectKey, sizeBytes] of [
      [keyOf('differs'), 1], [keyOf('gone'), 20], [keyOf('same'), 300], [keyOf('input', { direction: 'inputs' }), 4_000],
      [keyOf('theirs', { createdBy: other }), 50_000],
    ] as const) {
      const parts = parseObjectKey(objectKey)
      if (parts === undefined) throw new TypeError('The key is not valid.')
      await applyRecords(database, [{ event: event(objectKey, parts, sizeBytes), record: null }], bounds)
    }
    const objects = [
      listed(keyOf('differs'), 2), listed(keyOf('missing'), 7), listed(keyOf('same'), 300), listed('acme/foreign', 9),
      listed(keyOf('input', { direction: 'inputs' }), 4_000), listed(keyOf('theirs-2', { createdBy: other }), 60_000),
    ].toSorted((left, right) => left.objectKey < right.objectKey ? -1 : 1)
    const ranges: ListingRange[] = []
    const listBucket: ListBucket = async function * (range) {
      ranges.push(range)
      // Pages of two, so that one has differences of several kinds.
      for (let index = 0; index < objects.length; index += 2) {
        yield { objects: objects.slice(index, index + 2), observedAt: new Date(), isLast: index + 2 >= objects.length }
      }
    }
    const tally = (fileCount: bigint, sizeBytes: bigint) => ({ fileCount, sizeBytes })

    t.test('names where bucket and catalogue differ, and adds up what each has', async (t) => {
      const progress: number[] = []
      const counted = { inputs: tally(1n, 4_000n), outputs: tally(4n, 50_321n) }
      const onProgress = (count: number) => { progress.push(count) }
      t.strictSame(await compareUsage(database, listBucket, { orgKey: 'acme' }, { limit: 10, onProgress }), {
        kept: counted,
        runs: counted,
        rows: counted,
        bucket: { inputs: tally(1n, 4_000n), outputs: tally(4n, 60_309n) },
        differences: [
          { objectKey: keyOf('differs'), storedBytes: 2, countedBytes: 1 },
          { objectKey: keyOf('gone'), storedBytes: undefined, countedBytes: 20 },
          { objectKey: keyOf('missing'), storedBytes: 7, countedBytes: undefined },
          { objectKey: keyOf('theirs', { createdBy: other }), storedBytes: undefined, countedBytes: 50_000 },
          { objectKey: keyOf('theirs-2', { createdBy: other }), storedBytes: 60_000, countedBytes: undefined },
        ],
        differenceCount: 5,
      })
      t.strictSame(progress, [2, 4, 6])
      t.strictSame(ranges.splice(0), [{ prefix: 'acme/', startAfter: '' }])
    })

    t.test('of a user\'s files leaves those of others out', async (t) => {
      const { signal } = new AbortController()
      const { bucket, rows, differenceCount } = await compareUsage(database, listBucket, { orgKey: 'acme', createdBy: other }, { limit: 10, signal })
      t.strictSame([bucket.outputs, rows.outputs, differenceCount], [tally(1n, 60_000n), tally(1n, 50_000n), 2])
      t.strictSame(bucket.inputs, tally(0n, 0n))
      t.strictSame(ranges.splice(0), [{ prefix: 'acme/', startAfter: '', signal }])
    })

    t.test('names no more differences than wanted, and counts them all', async (t) => {
      const { differences, differenceCount } = await compareUsage(database, listBucket, { orgKey: 'acme' }, { limit: 2 })
      t.strictSame(differences.map(({ objectKey }) => objectKey), [keyOf('differs'), keyOf('gone')])
      t.equal(differenceCount, 5)
    })
  })
}
