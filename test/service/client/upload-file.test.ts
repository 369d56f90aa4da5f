import { createHash, randomBytes } from 'node:crypto'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import {
  type ResumePoint, type UploadOptions, type UploadProgress, createClient, discardUpload, uploadFile,
} from '../../../client/index.js'
import { openFile } from '../../../client/node.js'
import { FaultProxy } from '../../support/fault-proxy.js'
import { member, runId, startService, workflowId } from '../../support/service.js'
import { type StoreKind, storeKinds } from '../../support/stores.js'

const PART = 5 * 1024 ** 2
const run = { workflowId, runId, direction: 'outputs' } as const
const bytes = randomBytes(2 * PART + 7)
const big = new File([bytes], 'weights.bin', { type: 'application/x-weights', lastModified: 1_700_000_000_000 })
const small = new File(['Hello, storage!\n'], 'hello.txt', { type: 'text/plain' })

/** The service and its store, each with a proxy between it and the client. */
async function startProxied (t: Test, kind: StoreKind) {
  const store = await kind.open()
  t.teardown(store.close)
  const toStore = await FaultProxy.start(store.endpoint)
  t.teardown(() => toStore.close())
  const { app, authorise } = await startService(t, { ...store.environment, S3_PUBLIC_ENDPOINT: toStore.endpoint })
  const toService = await FaultProxy.start(await app.listen({ host: '127.0.0.1', port: 0 }))
  t.teardown(() => toService.close())
  const token = authorise(member).authorization.replace('Bearer ', '')
  const client = createClient({ baseUrl: toService.endpoint, token })
  const upload = (file: Blob, options: Partial<UploadOptions> = {}) => uploadFile(file, { client, ...run, ...options })
  return {
    toStore,
    toService,
    client,
    upload,
    /** The part numbers that were sent to the store, in order; the number of a whole file is null. */
    sent: () => toStore.requests.filter(({ method }) => method === 'PUT')
      .map(({ path }) => new URLSearchParams(path.split('?')[1]).get('partNumber')),
    read: async (objectKey: string) => {
      const { data } = await client.GET('/api/v1/objects/download', { params: { query: { objectKey } } })
      if (data === undefined) throw new Error('There is no such file.')
      const answer = await fetch(data.url)
      const digest = digestOf(new Uint8Array(await answer.arrayBuffer()))
      return { type: answer.headers.get('content-type'), digest, name: data.fileName }
    },
    /** Object keys of uploads that hold a place in the quota. */
    reserved: async () => {
      const rows = await app.database.selectFrom('uploads').select('object_key').where('fulfilled_at', 'is', null).execute()
      return rows.map((row) => row.object_key)
    },
  }
}

function digestOf (content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex')
}

for (const kind of storeKinds) {
  t.test(`uploadFile to the ${kind.name}`, { skip: kind.skip }, async (t) => {
    const { upload, toStore, toService, sent, read, client, reserved } = await startProxied(t, kind)
    t.beforeEach(() => {
      for (const proxy of [toStore, toService]) {
        proxy.heal()
        proxy.forgetRequests()
      }
    })

    t.test('a small file is put at once, also an empty one', async (t) => {
      const progress: number[] = []
      const { objectKey, sizeBytes } = await upload(small, { onProgress: ({ sentBytes }) => { progress.push(sentBytes) } })
      t.strictSame([sizeBytes, progress], [16, [0, 16]])
      t.strictSame(await read(objectKey), { type: 'text/plain', digest: digestOf('Hello, storage!\n'), name: 'hello.txt' })
      const empty = await upload(new Blob([]), { path: 'a/empty' })
      t.match(await read(empty.objectKey), { type: 'application/octet-stream', digest: digestOf(''), name: 'empty' })
      t.strictSame(sent(), [null, null])
    })

    t.test('parts are the file', async (t) => {
      const progress: number[] = []
      const onProgress = ({ sentBytes }: UploadProgress) => { progress.push(sentBytes) }
      const { objectKey, sizeBytes } = await upload(big, { multipart: true, onProgress })
      t.equal(sizeBytes, bytes.length)
      t.strictSame([progress.length, progress[0], progress.at(-1)], [4, 0, bytes.length])
      t.strictSame(await read(objectKey), { type: 'application/x-weights', digest: digestOf(bytes), name: 'weights.bin' })
      t.strictSame(sent().sort(), ['1', '2', '3'])
      t.notOk((await reserved()).includes(objectKey))
    })

    t.test('a PUT whose answer is lost is sent again, and 412 is taken for success', async (t) => {
      toStore.inject({ kind: 'lose' }, { method: 'PUT', times: 1 })
      const { objectKey } = await upload(small)
      t.strictSame(sent(), [null, null])
      t.match(await read(objectKey), { digest: digestOf('Hello, storage!\n') })
    })

    t.test('a PUT is a success if no answer of the store arrives, but the file is there', async (t) => {
      toStore.inject({ kind: 'lose' }, { method: 'PUT' })
      const { objectKey } = await upload(small, { attempts: 2 })
      t.strictSame(sent(), [null, null])
      t.match(await read(objectKey), { digest: digestOf('Hello, storage!\n') })
    })

    t.test('broken connections and answers that say to try again cost time alone', async (t) => {
      toStore.inject({ kind: 'reset' }, { method: 'PUT', times: 2 })
      toStore.inject({ kind: 'answer', statusCode: 503, code: 'SlowDown' }, { method: 'PUT', times: 2 })
      toStore.inject({ kind: 'lose' }, { method: 'PUT', times: 1 })
      toService.inject({ kind: 'reset' }, { method: 'POST', times: 1 })
      const { objectKey } = await upload(big, { multipart: true })
      t.match(await read(objectKey), { digest: digestOf(bytes) })
      t.equal(sent().length, 3 + 5)
    })

    t.test('complete is repeated if its answer is lost', async (t) => {
      const { objectKey } = await upload(big, {
        multipart: true, onBegin: () => { toService.inject({ kind: 'lose' }, { method: 'POST', times: 1 }) },
      })
      t.equal(toService.requests.filter(({ path }) => path.endsWith('/uploads/complete')).length, 2)
      t.match(await read(objectKey), { digest: digestOf(bytes) })
    })

    t.test('an upload that was broken off is resumed with the parts that have not arrived', async (t) => {
      let point: ResumePoint | undefined
      const stop = new AbortController()
      const reason = new Error('The page is reloaded.')
      await t.rejects(upload(big, {
        multipart: true,
        concurrency: 1,
        signal: stop.signal,
        onBegin: (begun) => { point = begun },
        onProgress: ({ sentBytes }) => { if (sentBytes === PART) stop.abort(reason) },
      }), reason)
      t.strictSame(sent(), ['1'])
      toStore.forgetRequests()

      const resumeFrom = JSON.parse(JSON.stringify(point))
      await t.rejects(upload(new File([bytes], big.name, { lastModified: 1 }), { resumeFrom }), { code: 'FILE_CHANGED' })
      await t.rejects(upload(small, { resumeFrom }), { code: 'FILE_CHANGED' })
      const progress: number[] = []
      const { objectKey } = await upload(big, { resumeFrom, onProgress: ({ sentBytes }) => { progress.push(sentBytes) } })
      t.strictSame(sent().sort(), ['2', '3'])
      t.equal(progress[0], PART)
      t.match(await read(objectKey), { digest: digestOf(bytes) })

      t.equal((await upload(big, { resumeFrom })).objectKey, objectKey, 'a complete one is found so')
      t.equal(sent().length, 2)
    })

    t.test('an upload that fails for good can be resumed, too', async (t) => {
      let resumeFrom: ResumePoint | undefined
      toStore.inject({ kind: 'answer', statusCode: 503, code: 'SlowDown' }, { method: 'PUT' })
      await t.rejects(upload(big, { multipart: true, attempts: 2, onBegin: (begun) => { resumeFrom = begun } }),
        { name: 'UploadError', code: 'STORE_UNAVAILABLE', status: 503, isTransient: true })
      toStore.heal()
      if (resumeFrom === undefined) throw new Error('It was not begun.')
      t.match(await read((await upload(big, { resumeFrom })).objectKey), { digest: digestOf(bytes) })
    })

    t.test('a signal may discard what was sent, and what is discarded is not resumed', async (t) => {
      let resumeFrom: ResumePoint | undefined
      const stop = new AbortController()
      const options = { multipart: true, signal: stop.signal, discardOnAbort: true }
      await t.rejects(upload(big, {
        ...options,
        onBegin: (begun) => { resumeFrom = begun },
        onProgress: ({ sentBytes }) => { if (sentBytes > 0) stop.abort() },
      }), { name: 'AbortError' })
      t.equal(toService.count('DELETE'), 1)
      if (resumeFrom === undefined) throw new Error('It was not begun.')
      t.notOk((await reserved()).includes(resumeFrom.objectKey))
      await t.rejects(upload(big, { resumeFrom }), { name: 'UploadError', code: 'UPLOAD_NOT_FOUND', status: 404 })
      await discardUpload(client, resumeFrom)
    })

    t.test('a part that is another one in the end is seen, and the file is what the sender has', async (t) => {
      let isSpoilt = false
      const spoil: typeof fetch = async (url, init) => {
        const answer = await fetch(url, init)
        if (isSpoilt || !String(url).includes('partNumber=2&')) return answer
        isSpoilt = true
        // Someone else with the URL sends other bytes once the part has arrived.
        t.ok((await fetch(url, { ...init ?? {}, body: new Blob([new Uint8Array(PART)]) })).ok)
        return answer
      }
      const { objectKey } = await upload(big, { multipart: true, concurrency: 1, fetch: spoil })
      t.match(await read(objectKey), { digest: digestOf(bytes) })
    })

    t.test('a URL that the store refuses, as it does once it has expired, is signed again', async (t) => {
      const asked = (path: string) => toService.requests.filter((made) => made.path.endsWith(path)).length
      toStore.inject({ kind: 'answer', statusCode: 403, code: 'AccessDenied' }, { method: 'PUT', times: 1 })
      await upload(big, { multipart: true, concurrency: 1 })
      t.strictSame(sent(), ['1', '1', '2', '3'])
      t.equal(asked('/uploads/parts'), 1)
      toStore.inject({ kind: 'answer', statusCode: 403, code: 'AccessDenied' }, { method: 'PUT', times: 1 })
      toService.forgetRequests()
      await upload(small)
      t.equal(asked('/uploads'), 2)

      toStore.inject({ kind: 'answer', statusCode: 403, code: 'AccessDenied' }, { method: 'PUT' })
      const refusal = { name: 'UploadError', code: 'STORE_REFUSED', status: 403, isTransient: false }
      await t.rejects(upload(big, { multipart: true }), refusal)
      await t.rejects(upload(small), refusal)
    })

    t.test('a request that is never answered ends, and is sent again', async (t) => {
      toStore.inject({ kind: 'mute' }, { method: 'PUT', times: 1 })
      await upload(small, { timeoutMs: 300 })
      t.strictSame(sent(), [null, null])
    })

    t.test('what the service refuses is not asked for again, and has its code', async (t) => {
      const stranger = createClient({ baseUrl: toService.endpoint, token: 'none' })
      await t.rejects(upload(small, { client: stranger }), { name: 'UploadError', code: 'TOKEN_INVALID', status: 401 })
      await t.rejects(upload(small, { path: 'a//b' }), { code: 'INVALID_REQUEST', status: 400 })
      t.equal(toService.requests.length, 2)
      await t.rejects(upload(new Blob(['x'])), TypeError, 'a Blob has no name')
    })

    t.test('a signal that is aborted already sends nothing', async (t) => {
      await t.rejects(upload(small, { signal: AbortSignal.abort() }), { name: 'AbortError' })
      t.strictSame([toService.requests, toStore.requests], [[], []])
    })

    t.test('a file by its path is read as it is sent, and must not change', async (t) => {
      const folder = await mkdtemp(join(tmpdir(), 'objects-storage-upload-'))
      t.teardown(() => rm(folder, { recursive: true }))
      const path = join(folder, 'weights.bin')
      await writeFile(path, bytes)
      const { objectKey } = await upload(await openFile(path, { type: 'application/x-weights' }))
      t.strictSame(await read(objectKey), { type: 'application/x-weights', digest: digestOf(bytes), name: 'weights.bin' })
      const file = await openFile(path)
      const onBegin = async () => { await appendFile(path, 'more') }
      await t.rejects(upload(file, { multipart: true, onBegin }), { code: 'FILE_CHANGED', isTransient: false })
    })
  })
}
