import t, { type Test } from 'tap'
import { ObjectStorageRefused, ObjectStorageUnavailable } from '../../../store/failures.js'
import type { StoredPart } from '../../../store/multipart-documents.js'
import { ObjectStorage } from '../../../store/object-storage.js'
import { FaultProxy } from '../../support/fault-proxy.js'
import { makeFolder, openStore } from '../../support/test-store.js'

const objectKey = 'a/größe "1"'
const MINIMUM = 5 * 1024 ** 2
const timeouts = { connectTimeoutMs: 10_000, firstByteTimeoutMs: 10_000, idleTimeoutMs: 10_000 }

/** A faulty store, and an upload in it whose parts can be sent. */
async function open (t: Pick<Test, 'teardown'>) {
  const { endpoint, presign, target } = await openStore(t, await makeFolder(t))
  const proxy = await FaultProxy.start(endpoint)
  t.teardown(() => proxy.close())
  const storage = new ObjectStorage({ ...target, endpoint: proxy.endpoint }, timeouts)
  t.teardown(() => storage.close())
  const upload = { objectKey, storeUploadId: await storage.multipart.initiate(objectKey, 'text/csv') }
  const send = async (partNumber: number, body: string): Promise<StoredPart> => {
    const query = { uploadId: upload.storeUploadId, partNumber: String(partNumber) }
    const { headers } = await fetch(presign({ method: 'PUT', objectKey, query }), { method: 'PUT', body })
    return { partNumber, sizeBytes: body.length, entityTag: (headers.get('etag') ?? '').replaceAll('"', '') }
  }
  return { storage, multipart: storage.multipart, proxy, upload, send, gone: { objectKey, storeUploadId: 'none' } }
}

t.test('parts become a file of the type that it was begun with, and the upload is gone', async (t) => {
  const { storage, multipart, upload, send } = await open(t)
  const parts = [await send(1, 'x'.repeat(MINIMUM)), await send(2, 'y')]
  t.equal(await storage.head(objectKey), undefined, 'not before it is completed')
  t.equal(await multipart.complete(upload, parts), 'completed')
  t.match(await storage.head(objectKey), { sizeBytes: MINIMUM + 1, contentType: 'text/csv' })
  t.equal(await multipart.listParts(upload, { after: 0, limit: 10 }), undefined)
})

t.test('parts are listed in the order of their numbers, a page at a time', async (t) => {
  const { multipart, upload, send, gone } = await open(t)
  t.strictSame(await multipart.listParts(upload, { after: 0, limit: 10 }), { parts: [], isTruncated: false })
  const [three, one, two] = [await send(3, 'ccc'), await send(1, 'a'), await send(2, 'bb')]
  t.strictSame(await multipart.listParts(upload, { after: 0, limit: 10 }), { parts: [one, two, three], isTruncated: false })
  t.strictSame(await multipart.listParts(upload, { after: 0, limit: 2 }), { parts: [one, two], isTruncated: true })
  t.strictSame(await multipart.listParts(upload, { after: 2, limit: 2 }), { parts: [three], isTruncated: false })
  t.equal(await multipart.listParts(gone, { after: 0, limit: 10 }), undefined)
})

t.test('an upload is not completed with other parts than it has, and can be completed still', async (t) => {
  const { multipart, upload, send, gone } = await open(t)
  const [one, two] = [await send(1, 'a'), await send(2, 'b')]
  t.equal(await multipart.complete(upload, [{ ...one, entityTag: two.entityTag }]), 'other-parts')
  t.equal(await multipart.complete(upload, [two, one]), 'other-parts', 'in another order')
  t.equal(await multipart.complete(upload, [one, two]), 'other-parts', 'one but the last is too small')
  t.equal(await multipart.complete(upload, [one]), 'completed')
  t.equal(await multipart.complete(gone, [one]), 'not-found')
})

t.test('a file is not taken to be made where the store says otherwise after it has begun to answer', async (t) => {
  const { multipart, proxy, upload, send } = await open(t)
  const parts = [await send(1, 'a')]
  const completeWith = async (statusCode: number, code: string) => {
    proxy.heal()
    proxy.inject({ kind: 'answer', statusCode, code })
    return await multipart.complete(upload, parts)
  }
  for (const code of ['NoSuchUpload', 'NoSuchKey']) t.equal(await completeWith(200, code), 'not-found')
  for (const code of ['InvalidPart', 'InvalidPartOrder', 'EntityTooSmall']) t.equal(await completeWith(200, code), 'other-parts')
  await t.rejects(completeWith(200, 'InternalError'), {
    name: 'ObjectStorageUnavailable', message: 'Object storage could not complete an upload: InternalError.', retryAfterSeconds: 1,
  })
  await t.rejects(completeWith(200, '#'), ObjectStorageUnavailable)
  await t.rejects(completeWith(403, 'AccessDenied'), new ObjectStorageRefused('AccessDenied'))
  await t.rejects(completeWith(403, '#'), new ObjectStorageRefused('status 403'))
})

t.test('an upload is given up with its parts, and one that is gone is not an error', async (t) => {
  const { multipart, proxy, upload, send, gone } = await open(t)
  await send(1, 'a')
  await multipart.abort(upload)
  t.equal(await multipart.listParts(upload, { after: 0, limit: 10 }), undefined)
  await multipart.abort(upload)
  await multipart.abort(gone)
  proxy.inject({ kind: 'answer', statusCode: 403, code: 'AccessDenied' })
  await t.rejects(multipart.abort(upload), new ObjectStorageRefused('AccessDenied'))
})

t.test('unfinished uploads are listed on where the store does not take its own ids', async (t) => {
  const { multipart, proxy, upload } = await open(t)
  const other = { objectKey: 'b', storeUploadId: await multipart.initiate('b', 'text/csv') }
  const list = async () => {
    const ids: string[] = []
    for await (const { uploads } of multipart.list({ prefix: '', pageUploads: 1 })) {
      ids.push(...uploads.map(({ storeUploadId }) => storeUploadId))
    }
    return ids
  }
  const refusal = { kind: 'answer', statusCode: 400, code: 'InvalidArgument' } as const
  proxy.forgetRequests()
  const arrival = proxy.arrival()
  const listed = list()
  await arrival
  proxy.inject(refusal, { times: 1 })
  t.strictSame(await listed, [upload.storeUploadId, other.storeUploadId])
  const parameters = proxy.requests.map(({ path }) => new URLSearchParams(path.split('?')[1]))
  t.strictSame(parameters.map((each) => [each.get('key-marker'), each.has('upload-id-marker')]), [
    [null, false], [objectKey, true], [objectKey, false],
  ])
  proxy.inject(refusal, { times: 1 })
  await t.rejects(list(), new ObjectStorageRefused('InvalidArgument'), 'where it named none')
  const stop = new AbortController()
  stop.abort(new Error('told to stop'))
  await t.rejects(multipart.list({ prefix: '', signal: stop.signal }).next(), new Error('told to stop'))
})

t.test('what the store refuses is said with its code, or with its status where it gives none', async (t) => {
  const { multipart, proxy, upload } = await open(t)
  for (const [code, said] of [['AccessDenied', 'AccessDenied'], ['#', 'status 403']] as const) {
    proxy.inject({ kind: 'answer', statusCode: 403, code })
    await t.rejects(multipart.initiate(objectKey, 'text/csv'), new ObjectStorageRefused(said))
    await t.rejects(multipart.listParts(upload, { after: 0, limit: 10 }), new ObjectStorageRefused(said))
    await t.rejects(multipart.abort(upload), new ObjectStorageRefused(said))
  }
})
