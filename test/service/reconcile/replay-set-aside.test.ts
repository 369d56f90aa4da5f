import { randomUUID } from 'node:crypto'
import t from 'tap'
import { examineSetAside } from '../../../doctor/set-aside.js'
import { countSetAside, discardSetAside, listSetAside } from '../../../db/events/set-aside-records.js'
import { readStorageUsage } from '../../../db/usage/storage-usage.js'
import { type ReplayOutcome, replaySetAside } from '../../../reconcile/replay-set-aside.js'
import { databaseKindsAndRole } from '../../support/role-database.js'
import { member, startService } from '../../support/service.js'

for (const { name, skip, create } of databaseKindsAndRole) {
  t.test(`records that were set aside, on ${name}`, { skip }, async (t) => {
    const { url, close } = await create()
    t.teardown(close)
    const { app, putFile } = await startService(t, { DATABASE_URL: url })
    const { database, bucketEvents } = app
    const parts = { database, read: bucketEvents.read, ask: bucketEvents.ask, clockSkewMs: bucketEvents.clockSkewMs }
    const usage = async () => {
      const { totalBytes, fileCount } = await readStorageUsage(database, { orgKey: member.orgKey })
      return { totalBytes, fileCount }
    }
    const setAside = async (record: unknown, reason = 'record_malformed') => {
      await database.insertInto('set_aside_events')
        .values({ reason, record: typeof record === 'string' ? record : JSON.stringify(record) }).execute()
      const rows = await listSetAside(database, {}, { after: 0n, limit: 1_000 })
      const row = rows.at(-1)
      if (row === undefined) throw new Error('Nothing was set aside.')
      return row
    }
    const replay = async (record: unknown, reason?: string): Promise<ReplayOutcome> =>
      await replaySetAside(await setAside(record, reason), parts)
    const r2 = (key: string, action = 'PutObject') => ({ account: 'a', action, bucket: app.storeTarget.bucket, object: { key, size: 999 }, eventTime: 'x' })
    /** Stores a file without anyone being notified. */
    const putUnheard = async (content: string) => {
      const objectKey = await putFile(content, { fileName: `${randomUUID()}.txt` })
      await bucketEvents.settled()
      await database.deleteFrom('objects').where('object_key', '=', objectKey).execute()
      for (const table of ['usage_sums', 'run_sums'] as const) await database.deleteFrom(table).execute()
      return objectKey
    }

    t.test('are counted as the bucket has their keys, whatever they say, and removed', async (t) => {
      const objectKey = await putUnheard('five!')
      t.equal(await replay(r2(objectKey)), 'counted')
      t.strictSame(await usage(), { totalBytes: 5, fileCount: 1 })
      t.equal(await countSetAside(database), undefined)
      t.equal(await replay({ objectKey, promisedBytes: 1, sizeBytes: 7 }, 'size_not_as_promised'), 'counted')
      t.equal(await replay(r2(objectKey, 'DeleteObject')), 'counted')
      t.strictSame(await usage(), { totalBytes: 5, fileCount: 1 })
      await app.minio.removeObject(app.storeTarget.bucket, objectKey)
      await bucketEvents.settled()
      t.equal(await replay(r2(objectKey)), 'counted')
      t.strictSame(await usage(), { totalBytes: 0, fileCount: 0 })
    })

    t.test('that are of no interest are removed; those that nobody understands stay', async (t) => {
      t.equal(await replay(r2('backup.tar')), 'ignored')
      t.equal(await replay({ ...r2('k'), bucket: 'other' }), 'ignored')
      t.equal(await countSetAside(database), undefined)
      for (const record of [{ hello: 'world' }, '{"cut":', [7], r2('')]) t.equal(await replay(record), 'not_understood')
      t.match(await countSetAside(database), { count: 4 })
      t.match(await examineSetAside(app), { status: 'warning', message: /^4 records of notifications are set aside/ })
      t.equal(await discardSetAside(database, { reason: 'other' }), 0)
      t.equal(await discardSetAside(database, { since: new Date(Date.now() + 60_000) }), 0)
      t.equal(await discardSetAside(database, { reason: 'record_malformed', since: new Date(Date.now() - 60_000) }), 4)
      t.match(await examineSetAside(app), { status: 'ok' })
    })

    t.test('are counted once by several who replay them at once', async (t) => {
      const objectKey = await putUnheard('seven!!')
      const rows = [await setAside(r2(objectKey)), await setAside(r2(objectKey))]
      const outcomes = await Promise.all([...rows, ...rows, ...rows].map((row) => replaySetAside(row, parts)))
      t.strictSame(outcomes.toSorted(), ['counted', 'counted', 'gone', 'gone', 'gone', 'gone'])
      t.strictSame(await usage(), { totalBytes: 7, fileCount: 1 })
    })

    t.test('stay where the storage does not answer, and are counted once it does', async (t) => {
      const objectKey = await putUnheard('nine')
      const row = await setAside(r2(objectKey))
      await t.rejects(replaySetAside(row, { ...parts, ask: async () => { throw new Error('away') } }), { message: 'away' })
      t.strictSame(await usage(), { totalBytes: 0, fileCount: 0 })
      t.match(await countSetAside(database), { count: 1 })
      t.equal(await replaySetAside(row, parts), 'counted')
      t.strictSame(await usage(), { totalBytes: 4, fileCount: 1 })
    })
  })
}
