import { bulkhead } from 'cockatiel'
import t from 'tap'
import { takeLease } from '../../../db/leases.js'
import { mintObjectKey } from '../../../objects/object-key.js'
import { ObjectStorageRefused } from '../../../store/failures.js'
import type { StoreUpload } from '../../../store/multipart-uploads.js'
import type { UploadsRange } from '../../../store/upload-listing.js'
import { abortAbandonedUploads } from '../../../uploads/abandoned-uploads.js'
import { abortUnfinishedUploads, listUnfinishedUploads } from '../../../uploads/abort-unfinished.js'
import { lookAtUnfinishedUploads } from '../../../uploads/unfinished-uploads.js'
import {
  type TestService, admin, colleague, foreignMember, member, runId, service, startService, workflowId,
} from '../../support/service.js'
import { storeKinds } from '../../support/stores.js'

type Listed = Parameters<typeof lookAtUnfinishedUploads>[0]['multipart']

const HOUR_MS = 3_600_000
const always = { everyMs: 0, pauseFactor: 0 }
const hourly = { everyMs: HOUR_MS, pauseFactor: 20 }
const numbers = (length: number) => Array.from({ length }, (_, index) => index)
const keyOf = ({ orgKey, userId }: typeof member, path: string) =>
  mintObjectKey({ orgKey, workflowId, runId, createdBy: userId, direction: 'outputs', path })

function bucketOf ({ app, follow }: TestService) {
  const { multipart } = app.objectStorage
  const begin = async (objectKey: string, ...partSizes: number[]): Promise<StoreUpload> => {
    const upload = { objectKey, storeUploadId: await multipart.initiate(objectKey, 'text/plain') }
    for (const [index, size] of partSizes.entries()) {
      const query = { partNumber: String(index + 1), uploadId: upload.storeUploadId }
      const url = app.presignUpload({ method: 'PUT', objectKey, query, signedAt: new Date(), expiresInSeconds: 300 })
      const answer = await follow(url, { method: 'PUT', body: Buffer.alloc(size) })
      await answer.arrayBuffer()
      if (!answer.ok) throw new Error(`A part is answered ${answer.status}.`)
    }
    return upload
  }
  const look = async (times = always, listed: Listed = multipart) => {
    // A service that listens has another one for its own look.
    const lease = await takeLease(app.database, 'look')
    if (lease === undefined) throw new Error('Another process has the lease.')
    try {
      const { database } = app
      return await lookAtUnfinishedUploads({ database, lease, multipart: listed }, times, AbortSignal.timeout(60_000))
    } finally {
      await lease.release()
    }
  }
  /** Notes uploads as if they had been begun by `POST /uploads`. */
  const record = async (uploads: StoreUpload[], expiresAt: Date) => {
    await app.database.insertInto('uploads').values(uploads.map(({ objectKey, storeUploadId }) => ({
      object_key: objectKey,
      store_upload_id: storeUploadId,
      org_key: member.orgKey,
      created_by: member.userId,
      size_bytes: 1n,
      content_type: 'text/plain',
      expires_at: expiresAt,
    }))).execute()
  }
  /** The keys of all unfinished uploads in the bucket. */
  const unfinishedKeys = async () => {
    const keys = []
    for await (const { uploads } of multipart.list({ prefix: '' })) keys.push(...uploads.map(({ objectKey }) => objectKey))
    return keys.sort()
  }
  return { begin, look, record, unfinishedKeys, multipart }
}

for (const kind of storeKinds) {
  t.test(`unfinished uploads in the ${kind.name}`, { skip: kind.skip }, async (t) => {
    const environment = kind.environment()
    t.teardown(async () => { await kind.remove(environment) })
    // The machine may be busy with other tests.
    const served = await startService(t, { ...environment, S3_FIRST_BYTE_TIMEOUT: '60' })
    const { app, authorise } = served
    const { begin, look, record, unfinishedKeys, multipart } = bucketOf(served)
    const usage = async (caller = member, query = '') =>
      (await app.inject({ url: `/api/v1/objects/storage-usage${query}`, headers: authorise(caller) })).json()
    const unfinished = async (caller = member, query = '') => (await usage(caller, query)).unfinishedBytes
    const mine = `?createdBy=${member.userId}`

    t.test('are looked at: what each organisation and user has in them, recorded or not', async (t) => {
      t.match(await usage(), { unfinishedBytes: null, unfinishedAsOf: null })
      const recorded = (await app.inject({
        method: 'POST',
        url: '/api/v1/objects/uploads',
        headers: authorise(member),
        payload: {
          workflowId, runId, direction: 'outputs', path: 'recorded', contentType: 'text/plain', multipart: true, sizeBytes: 11,
        },
      })).json()
      await (await served.follow(recorded.parts[0].url, { method: 'PUT', body: 'eleven byte' })).arrayBuffer()
      const others = [
        await begin(keyOf(member, 'two parts'), 1_000, 200),
        await begin(keyOf(member, 'no part')),
        await begin(keyOf(colleague, 'of a colleague'), 30_000),
        await begin('acme/rclone/of the organisation', 400_000),
        await begin('elsewhere', 70_000),
        await begin(keyOf(foreignMember, 'of another organisation'), 5),
      ]
      const before = Date.now()
      t.strictSame(await look(), { uploadCount: 7, partBytes: 501_216n })
      for (const caller of [member, admin, service]) t.equal(await unfinished(caller), 431_211)
      t.equal(await unfinished(member, mine), 1_211)
      t.equal(await unfinished(admin, mine), 1_211)
      t.equal(await unfinished(colleague, `?createdBy=${colleague.userId}`), 30_000)
      t.equal(await unfinished(admin, `?createdBy=${admin.userId}`), 0)
      t.equal(await unfinished(foreignMember), 5, 'of another organisation, though its user has the same id')
      const { unfinishedAsOf, totalBytes, quotaBytes } = await usage()
      t.ok(Math.abs(Date.parse(unfinishedAsOf) - before) < 60_000)
      t.strictSame([totalBytes, quotaBytes], [0, undefined])

      for (const upload of others) await multipart.abort(upload)
      t.equal(await unfinished(), 431_211, 'as of the last look')
      t.strictSame(await look(), { uploadCount: 1, partBytes: 11n })
      t.equal(await unfinished(), 11)
      t.equal(await unfinished(foreignMember), 0)
      const abort = { method: 'DELETE', url: `/api/v1/objects/uploads?uploadId=${recorded.uploadId}`, headers: authorise(member) } as const
      t.equal((await app.inject(abort)).statusCode, 204)
    })

    t.test('are of no concern to a quota', async (t) => {
      const upload = await begin('acme/rclone/big', 200_000)
      await look()
      t.equal(await unfinished(), 200_000)
      const quota = { method: 'PUT', url: '/api/v1/objects/quota', headers: authorise(service), payload: { quotaBytes: 100_000 } } as const
      await app.inject(quota)
      const reserved = await app.inject({
        method: 'POST',
        url: '/api/v1/objects/uploads',
        headers: authorise(member),
        payload: { workflowId, runId, direction: 'outputs', path: 'fits', contentType: 'text/plain', sizeBytes: 100_000 },
      })
      t.equal(reserved.statusCode, 201)
      await multipart.abort(upload)
    })

    t.test('keep their figures where a look breaks off', async (t) => {
      const upload = await begin(keyOf(member, 'kept'), 100)
      await look()
      const { unfinishedAsOf } = await usage()
      const failing: Listed = {
        list: (range) => multipart.list(range),
        listParts: async () => { throw new ObjectStorageRefused('AccessDenied') },
      }
      await t.rejects(look(always, failing), ObjectStorageRefused)
      t.match(await usage(), { unfinishedBytes: 100, unfinishedAsOf })
      await multipart.abort(upload)
      await look()
      t.equal(await unfinished(), 0)
      const looks = await app.database.selectFrom('unfinished_looks').select('look_id').execute()
      t.equal(looks.length, 1, 'earlier ones are forgotten')
    })

    t.test('are looked at once in a while, also where the last look broke off', async (t) => {
      t.equal(await look(hourly), undefined)
      await app.database.updateTable('unfinished_looks').set({ started_at: new Date(Date.now() - 2 * HOUR_MS), finished_at: null }).execute()
      t.match(await look(hourly), { uploadCount: 0 })
      await app.database.updateTable('unfinished_looks')
        .set({ started_at: new Date(Date.now() - 4 * HOUR_MS), finished_at: new Date(Date.now() - 3 * HOUR_MS) }).execute()
      t.equal(await look(hourly), undefined, 'one took an hour: the store is spared for a while')
    })

    const sweep = async (abort: (upload: StoreUpload) => Promise<void> = (upload) => multipart.abort(upload)) => {
      const [aborted, failed]: [number[], string[]] = [[], []]
      const swept = abortAbandonedUploads(app.database, { abort }, {
        signal: new AbortController().signal,
        onAborted: () => { aborted.push(1) },
        onFailed: (objectKey) => { failed.push(objectKey) },
      })
      await swept.catch((error: unknown) => { if (!(error instanceof ObjectStorageRefused)) throw error })
      return { abortedCount: aborted.length, failed }
    }
    const earlier = (seconds: number) => new Date(Date.now() - seconds * 1_000)

    t.test('that are abandoned, 500 at once, are aborted, and no others', async (t) => {
      const turns = bulkhead(8, Infinity)
      const abandoned = await Promise.all(numbers(500).map((index) => turns.execute(() => begin(keyOf(member, `abandoned ${index}`)))))
      const alive = await Promise.all(numbers(10).map((index) => begin(keyOf(member, `alive ${index}`))))
      const others = await Promise.all(numbers(10).map((index) => begin(keyOf(colleague, `not recorded ${index}`))))
      await record(abandoned, earlier(60))
      await record(alive, earlier(-600))
      t.strictSame(await sweep(), { abortedCount: 500, failed: [] })
      t.strictSame(await unfinishedKeys(), [...alive, ...others].map(({ objectKey }) => objectKey).sort())
      const recorded = await app.database.selectFrom('uploads').select('object_key').where('store_upload_id', 'is not', null).execute()
      t.strictSame(recorded.map((row) => row.object_key).sort(), alive.map(({ objectKey }) => objectKey).sort())
      for (const upload of [...alive, ...others]) await multipart.abort(upload)
      await app.database.deleteFrom('uploads').execute()
    })

    t.test('that the store does not abort are put behind the others', async (t) => {
      const uploads = await Promise.all(numbers(30).map((index) => begin(keyOf(member, `put back ${index}`))))
      for (const [index, upload] of uploads.entries()) await record([upload], earlier(100 - index))
      const tried: string[] = []
      const refusing = (refused: readonly StoreUpload[]) => async (upload: StoreUpload) => {
        tried.push(upload.objectKey)
        if (refused.some(({ storeUploadId }) => storeUploadId === upload.storeUploadId)) throw new ObjectStorageRefused('AccessDenied')
        await multipart.abort(upload)
      }
      const [third] = uploads.slice(2)
      t.strictSame(await sweep(refusing(uploads.slice(2, 3))), { abortedCount: 29, failed: [third?.objectKey] })
      t.strictSame(await unfinishedKeys(), [third?.objectKey])
      t.strictSame(await sweep(), { abortedCount: 1, failed: [] }, 'it is tried again')

      const bad = await Promise.all(numbers(25).map((index) => begin(keyOf(member, `bad ${index}`))))
      for (const [index, upload] of bad.entries()) await record([upload], earlier(100 - index))
      const good = await begin(keyOf(member, 'good'))
      await record([good], earlier(1))
      tried.length = 0
      t.match(await sweep(refusing(bad)), { abortedCount: 0, failed: { length: 10 } }, 'the store seems to be at fault')
      t.match(await sweep(refusing(bad)), { abortedCount: 0, failed: { length: 10 } })
      t.strictSame(tried, bad.slice(0, 20).map(({ objectKey }) => objectKey), 'others are tried first')
      t.match(await sweep(refusing(bad)), { abortedCount: 1 })
      t.notOk((await unfinishedKeys()).includes(good.objectKey))
      t.strictSame(await sweep(), { abortedCount: 25, failed: [] })
      t.strictSame(await unfinishedKeys(), [])
    })

    t.test('are aborted on demand, but for those that their senders may complete', async (t) => {
      const open = await begin(keyOf(member, 'open'), 10)
      const givenUp = await begin(keyOf(member, 'given up'), 200)
      const justBegun = await begin(keyOf(member, 'just begun'))
      const other = await begin(keyOf(colleague, 'other'), 3_000)
      const refused = await begin('acme/rclone/refused', 40_000)
      const elsewhere = await begin('globex/rclone/elsewhere', 500_000)
      await record([open], earlier(-60))
      await record([givenUp], earlier(60))
      await record([justBegun], earlier(-60))
      await app.database.updateTable('uploads').set({ store_upload_id: null }).where('object_key', '=', justBegun.objectKey).execute()
      const collect = async (pages: ReturnType<typeof listUnfinishedUploads>) => {
        const found = []
        for await (const { known } of pages) {
          found.push(...known.map(({ objectKey, state, outcome, partBytes }) => [objectKey, state, outcome, partBytes]))
        }
        return found.sort()
      }
      const expected = (outcomes: string[]) => [
        [open.objectKey, 'open', outcomes[0], 10], [justBegun.objectKey, 'open', outcomes[0], 0],
        [givenUp.objectKey, 'given-up', outcomes[1], 200], [other.objectKey, 'other', outcomes[1], 3_000],
        [refused.objectKey, 'other', outcomes[2], 40_000],
      ].sort()
      const range = { prefix: 'acme/' }
      t.strictSame(await collect(listUnfinishedUploads(app.database, multipart, range)), expected(['listed', 'listed', 'listed']))
      const store = {
        list: (asked: UploadsRange) => multipart.list(asked),
        listParts: multipart.listParts.bind(multipart),
        abort: async (upload: StoreUpload) => {
          if (upload.objectKey === refused.objectKey) throw new ObjectStorageRefused('AccessDenied')
          await multipart.abort(upload)
        },
      }
      const young = { ...range, minAgeMs: HOUR_MS }
      t.strictSame(await collect(abortUnfinishedUploads(app.database, store, young)), [], 'all are younger than an hour')
      t.strictSame(await collect(abortUnfinishedUploads(app.database, store, range)), expected(['open', 'aborted', 'refused']))
      const left = [open, justBegun, refused, elsewhere].map(({ objectKey }) => objectKey).sort()
      t.strictSame(await unfinishedKeys(), left)
      const rows = await app.database.selectFrom('uploads').select('object_key').execute()
      t.strictSame(rows.map((row) => row.object_key).sort(), [open, justBegun].map(({ objectKey }) => objectKey).sort())
      for (const upload of [open, justBegun, refused, elsewhere]) await multipart.abort(upload)
    })
  })
}
