import { type Kysely, sql } from 'kysely'
import t from 'tap'
import type { Database } from '../../../db/connection/tables.js'
import { claimDigests, readDigests } from '../../../db/digests.js'
import {
  finishUpload, forgetAbandonedUpload, keepUploadOpen, listAbandonedUploads, postponeAbandonedUpload, readUploadPlaces,
  recordStoreUpload, releaseUpload,
} from '../../../db/open-uploads.js'
import { listOversizedUploads, readLiveReservations, reserveUpload } from '../../../db/reservations.js'
import { catalogueFiles } from '../../support/catalogued-files.js'
import { databaseKinds, emptyTables } from '../../support/database.js'

const id = '00000000-0000-4000-8000-000000000001'
const keyOf = (name: string, orgKey = 'acme') => `${orgKey}/workflows/${id}/runs/${id}/users/${id}/outputs/AAAAAAAAAAAAAAAAAAAAAA/${name}`

async function reserve (
  database: Kysely<Database>, objectKey: string, sizeBytes: number | undefined, expiresInSeconds = 3_600,
): Promise<void> {
  await reserveUpload(database, { objectKey, orgKey: 'acme', createdBy: id, sizeBytes, contentType: 'text/csv', expiresInSeconds })
}

for (const { name, skip, create } of databaseKinds) {
  t.test(`uploads on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    t.beforeEach(() => emptyTables(database))
    const count = async (...objectKeys: string[]) => {
      const eventTime = new Date(Date.now() - 60_000)
      await catalogueFiles(database, objectKeys.map((objectKey) => ({ objectKey, sizeBytes: 7, eventTime })))
    }
    /** An upload in parts whose place ends so many seconds from now. */
    const begin = async (each: string, inSeconds = 3_600) => {
      const upload = { objectKey: keyOf(each), storeUploadId: `upload-${each}` }
      await reserve(database, upload.objectKey, 7)
      await recordStoreUpload(database, upload)
      await sql`
        update uploads set expires_at = clock_timestamp() + make_interval(secs => ${inSeconds})
        where object_key = ${upload.objectKey}`.execute(database)
      return upload
    }
    const places = async (...names: string[]) => Object.fromEntries(
      Array.from(await readUploadPlaces(database, names.map((each) => keyOf(each))), ([key, place]) => [key.at(-1), place]))
    const abandoned = async (limit = 10, endedBy = new Date(Date.now() + 1_000)) => {
      const uploads = await listAbandonedUploads(database, endedBy, limit)
      return uploads.map(({ storeUploadId }) => storeUploadId)
    }

    t.test('have places, with the store\'s id where they are in parts, until those end', async (t) => {
      await reserve(database, keyOf('a'), 7)
      await begin('b')
      await begin('c', -1)
      t.strictSame(await places('a', 'b', 'c', 'd'), {
        a: { storeUploadId: null, isKept: true },
        b: { storeUploadId: 'upload-b', isKept: true },
        c: { storeUploadId: 'upload-c', isKept: false },
      })
    })

    t.test('in parts are kept longer, never shorter, and not once they have ended', async (t) => {
      const [upload, ended] = [await begin('a', 100), await begin('b', -1)]
      const leftSeconds = async () => {
        const { rows: [row] } = await sql<{ left: number }>`
          select extract(epoch from expires_at - clock_timestamp())::float8 as left from uploads
          where object_key = ${upload.objectKey}`.execute(database)
        return row?.left ?? NaN
      }
      t.equal(await keepUploadOpen(database, upload, 50), true)
      t.ok(await leftSeconds() <= 100)
      t.equal(await keepUploadOpen(database, upload, 5_000), true)
      t.ok(await leftSeconds() > 1_000)
      t.equal(await keepUploadOpen(database, ended, 50), false)
      t.equal(await keepUploadOpen(database, { ...upload, storeUploadId: 'other' }, 50), false)
      t.equal(await keepUploadOpen(database, { ...upload, objectKey: keyOf('c') }, 50), false)
      t.match(await places('b'), { b: { isKept: false } })
    })

    t.test('that are finished give up their places, and nothing is left to abort', async (t) => {
      const upload = await begin('a')
      await finishUpload(database, { ...upload, storeUploadId: 'other' })
      t.match(await places('a'), { a: { storeUploadId: 'upload-a', isKept: true } })
      await finishUpload(database, upload)
      t.strictSame(await places('a'), { a: { storeUploadId: null, isKept: false } })
      t.strictSame(await abandoned(), [])
    })

    t.test('at whose places nothing is stored give them back, with what was claimed', async (t) => {
      for (const each of ['a', 'b']) {
        await reserve(database, keyOf(each), 7)
        await claimDigests(database, keyOf(each), { md5: 'd41d8cd98f00b204e9800998ecf8427e' }, [])
      }
      await count(keyOf('b'))
      for (const each of ['a', 'b']) await releaseUpload(database, keyOf(each))
      t.strictSame(Object.keys(await places('a', 'b')), ['b'], 'a file has arrived')
      t.strictSame([...(await readDigests(database, [keyOf('a'), keyOf('b')])).keys()], [keyOf('b')])
    })

    t.test('that were abandoned are listed, the earliest first, postponed behind the others, and forgotten', async (t) => {
      const [first, second] = [await begin('a', -30), await begin('b', -20), await begin('c', -10), await begin('d', 100)]
      await reserve(database, keyOf('e'), 7, -10)
      t.strictSame(await abandoned(), ['upload-a', 'upload-b', 'upload-c'])
      t.strictSame(await abandoned(2), ['upload-a', 'upload-b'])
      t.strictSame(await abandoned(10, new Date(Date.now() - 15_000)), ['upload-a', 'upload-b'])
      await postponeAbandonedUpload(database, first)
      t.strictSame(await abandoned(), ['upload-b', 'upload-c', 'upload-a'])
      await claimDigests(database, second.objectKey, { md5: 'd41d8cd98f00b204e9800998ecf8427e' }, [])
      await forgetAbandonedUpload(database, { ...second, storeUploadId: 'other' })
      t.equal((await abandoned()).length, 3)
      await forgetAbandonedUpload(database, second)
      t.strictSame(await abandoned(), ['upload-c', 'upload-a'])
      t.strictSame(await places('b'), {})
      t.equal((await readDigests(database, [second.objectKey])).size, 0)
      await forgetAbandonedUpload(database, { objectKey: keyOf('d'), storeUploadId: 'upload-d' })
      t.match(await places('d'), { d: { isKept: true } }, 'it was not abandoned')
    })

    t.test('whose URLs still hold are told with the files under their keys, and those that are too big listed', async (t) => {
      const sizes = { a: 7, b: 6, c: 6, d: undefined, e: 6 }
      for (const [each, sizeBytes] of Object.entries(sizes)) await reserve(database, keyOf(each), sizeBytes, each === 'c' ? -1 : 3_600)
      await reserve(database, keyOf('b', 'globex'), 6)
      await count(...['a', 'b', 'c', 'd'].map((each) => keyOf(each)), keyOf('b', 'globex'))
      const describe = (each: string, reservedBytes: bigint | null, orgKey = 'acme') => (
        { objectKey: keyOf(each, orgKey), reservedBytes, contentType: 'text/csv', sizeBytes: 7n, entityTag: 'tag-7' })
      const live = await readLiveReservations(database, ['a', 'c', 'd', 'e', 'f'].map((each) => keyOf(each)))
      const sorted = live.toSorted((one, other) => one.objectKey < other.objectKey ? -1 : 1)
      t.strictSame(sorted.map((row) => ({ ...row })), [describe('a', 7n), describe('d', null)])
      const oversized = async (prefix: string) => {
        const listed = []
        for await (const row of listOversizedUploads(database, prefix)) listed.push({ ...row })
        return listed
      }
      t.strictSame(await oversized(''), [describe('b', 6n), describe('b', 6n, 'globex')])
      t.strictSame(await oversized('acme/'), [describe('b', 6n)])
      t.strictSame(await oversized('globex/'), [describe('b', 6n, 'globex')])
      t.strictSame(await oversized('zulu/'), [])
    })

    t.test('that are too big are listed whole, in the order of their keys, however many there are', async (t) => {
      const names = Array.from({ length: 501 }, (_, index) => String(index).padStart(4, '0'))
      await count(...names.map((each) => keyOf(each)))
      await sql`
        insert into uploads (object_key, org_key, created_by, size_bytes, content_type, expires_at)
        select object_key, org_key, created_by, 6, 'text/csv', now() + interval '1 hour' from objects`.execute(database)
      const listed: string[] = []
      for await (const { objectKey } of listOversizedUploads(database, 'acme/')) listed.push(objectKey)
      t.strictSame(listed, names.map((each) => keyOf(each)))
    })
  })
}
