import t from 'tap'
import { applyRecords } from '../../../db/events/apply-records.js'
import { auditSums } from '../../../db/usage/audit.js'
import { readStorageUsage } from '../../../db/usage/storage-usage.js'
import type { ObjectChange } from '../../../events/notification.js'
import type { Observation } from '../../../events/order.js'
import { parseObjectKey } from '../../../objects/object-key.js'
import { noCounts } from '../../../reconcile/counts.js'
import { reconcile } from '../../../reconcile/reconcile.js'
import type { ListBucket } from '../../../store/listing-pages.js'
import { emptyTables } from '../../support/database.js'
import { databaseKindsAndRole } from '../../support/role-database.js'

const MINUTE_MS = 60_000
const CLOCK_SKEW_MS = 5_000
const bounds = { clockSkewMs: CLOCK_SKEW_MS, tombstoneRetentionMs: 30 * 24 * 60 * MINUTE_MS, isAmazonS3: false }
const id = '00000000-0000-4000-8000-000000000001'
const objectKey = `acme/workflows/${id}/runs/${id}/users/${id}/outputs/AAAAAAAAAAAAAAAAAAAAAA/a.txt`
const removed = { kind: 'removed' } as const
const created = { kind: 'created', sizeBytes: 10, entityTag: 'e' } as const
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * MINUTE_MS)

function event (change: ObjectChange, eventTime: Date) {
  const parts = parseObjectKey(objectKey)
  if (parts === undefined) throw new TypeError('The key is not valid.')
  return { objectKey, parts, change, eventSource: 'minio:s3', eventTime, sequencer: undefined, versionId: undefined }
}

for (const { name, skip, create } of databaseKindsAndRole) {
  t.test(`a complete reconcile on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))
    t.afterEach(async () => { t.strictSame(await auditSums(database), [], 'the sums are those of the rows') })
    const usage = async () => {
      const { totalBytes, fileCount } = await readStorageUsage(database, { orgKey: 'acme' })
      return [totalBytes, fileCount]
    }
    /** Takes in an event while the database's clock shows `now`. */
    const report = (change: ObjectChange, eventTime: Date, now: Date) =>
      applyRecords(database, [{ event: event(change, eventTime), record: null }], bounds, { now: () => now })
    /** @param answer what the bucket holds under the key, according to a node whose clock shows `at` */
    const run = async (answer: Observation['change'], { at = new Date(), dryRun = false } = {}) => {
      const listBucket: ListBucket = async function * () {
        yield { objects: answer.kind === 'created' ? [{ objectKey, ...answer }] : [], observedAt: at, isLast: true }
      }
      let counts = noCounts
      const askStore = async () => ({ change: answer, observedAt: at })
      const context = { database, listBucket, askStore, clockSkewMs: CLOCK_SKEW_MS }
      for await (const progress of reconcile(context, { prefix: 'acme/', startAfter: '', dryRun })) counts = progress.counts
      return counts
    }

    t.test('leaves no file dated ahead of now: what truly happens to it next is believed, however late it is told', async (t) => {
      await report(created, inMinutes(10), inMinutes(10))
      t.match(await run(created, { dryRun: true }), { addedCount: 0, removedCount: 0, correctedCount: 0 })
      t.match(await run(created), { listedCount: 1, addedCount: 0, removedCount: 0, correctedCount: 0, leftCount: 0 })
      t.strictSame(await usage(), [10, 1])
      t.strictSame(await report(removed, inMinutes(5), inMinutes(20)), [{ kind: 'applied' }])
      t.strictSame(await usage(), [0, 0])
    })

    t.test('leaves no removal dated ahead of now', async (t) => {
      await report(removed, inMinutes(10), inMinutes(10))
      t.match(await run(removed, { dryRun: true }), { addedCount: 0, removedCount: 0, correctedCount: 0 })
      t.match(await run(removed), { addedCount: 0, removedCount: 0, correctedCount: 0, leftCount: 0 })
      t.strictSame(await report(created, inMinutes(5), inMinutes(20)), [{ kind: 'applied' }])
      t.strictSame(await usage(), [10, 1])
    })

    t.test('settles what is dated ahead of now and differs', async (t) => {
      await report(created, inMinutes(10), inMinutes(10))
      t.match(await run(removed), { removedCount: 1, leftCount: 0 })
      t.strictSame(await usage(), [0, 0])
      await report(removed, inMinutes(10), inMinutes(10))
      t.match(await run(created), { addedCount: 1, leftCount: 0 })
      t.strictSame(await usage(), [10, 1])
    })

    t.test('settles what a node with a clock behind did, by a listing of that node', async (t) => {
      await report(created, inMinutes(0), inMinutes(0))
      t.strictSame(await report(removed, inMinutes(-1), inMinutes(0)), [{ kind: 'late' }], 'it looks older')
      t.match(await run(removed, { at: inMinutes(-1) }), { removedCount: 1, leftCount: 0 })
      t.strictSame(await usage(), [0, 0])
    })

    t.test('leaves what is as it should be alone', async (t) => {
      await report(created, inMinutes(-10), inMinutes(0))
      const rows = () => database.selectFrom('objects').select('revision').execute()
      const before = await rows()
      t.match(await run(created, { at: inMinutes(-1) }), { correctedCount: 0, leftCount: 0 })
      t.strictSame(await rows(), before)
    })
  })
}
