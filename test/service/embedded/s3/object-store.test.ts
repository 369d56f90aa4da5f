import { once } from 'node:events'
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises'
import { type IncomingMessage, get, request } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { put, send, sendSigned } from '../../contract/contract-store.js'
import { type TestStore, filesUnder, makeFolder, openFilesUnder, openStore, options } from '../../../support/test-store.js'

const read = (store: TestStore, objectKey: string) => send(store.presign({ method: 'GET', objectKey }))

t.test('no key leads to a file outside the store\'s folder, or names one in it', async (t) => {
  const parent = await makeFolder(t)
  const store = await openStore(t, join(parent, 'store'))
  const keys = ['../escape', '../../escape', '/etc/passwd', '..', '.', 'a/../../../escape', '..\\escape', '%2e%2e/escape', '..%2fescape', 'c:']
  for (const objectKey of keys) {
    t.equal((await put(store, objectKey, objectKey)).status, 200, objectKey)
    t.equal((await read(store, objectKey)).body.toString(), objectKey)
  }
  const files = await filesUnder(parent)
  t.equal(files.length, keys.length)
  for (const file of files) t.match(file, /^store\/embedded\/objects\/([0-9a-f]{2})\/\1[0-9a-f]{62}$/)
})

t.test('objects, their headers, and unfinished uploads outlive a restart', async (t) => {
  const folder = await makeFolder(t)
  const first = await openStore(t, folder)
  const headers = { 'content-type': 'text/plain', 'x-amz-meta-note': 'n'.repeat(1900), 'cache-control': 'no-store' }
  await sendSigned(first, { method: 'PUT', objectKey: 'kept', headers, body: 'bytes' })
  await put(first, 'deleted', 'x')
  await send(first.presign({ method: 'DELETE', objectKey: 'deleted' }), { method: 'DELETE' })
  const started = await sendSigned(first, { method: 'POST', objectKey: 'parts', query: { uploads: '' }, headers })
  const uploadId = /<UploadId>(.*?)</.exec(started.body.toString())?.[1] ?? ''
  const part = await sendSigned(first, { method: 'PUT', objectKey: 'parts', query: { uploadId, partNumber: '1' }, body: 'one' })
  const before = await read(first, 'kept')
  await first.close()

  const second = await openStore(t, folder)
  const after = await read(second, 'kept')
  t.strictSame(after.body, before.body)
  for (const name of ['etag', 'last-modified', ...Object.keys(headers)]) t.equal(after.headers[name], before.headers[name], name)
  const listing = (await sendSigned(second, { method: 'GET', objectKey: '', query: { 'list-type': '2' } })).body.toString()
  t.strictSame([...listing.matchAll(/<Key>(.*?)</g)].map(([, key]) => key), ['kept'])
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.etag}</ETag></Part></CompleteMultipartUpload>`
  t.equal((await sendSigned(second, { method: 'POST', objectKey: 'parts', query: { uploadId }, body })).status, 200)
  t.match(await read(second, 'parts'), { status: 200, headers })
})

t.test('what a killed process left behind is removed at start, and a torn object counts as absent', async (t) => {
  const folder = await makeFolder(t)
  const first = await openStore(t, folder)
  await put(first, 'torn', 'some bytes')
  const [object = ''] = await filesUnder(folder)
  await put(first, 'whole', 'bytes')
  await first.close()
  await truncate(join(folder, object), 40)
  await writeFile(join(folder, 'embedded', 'temporary', 'leftover'), 'half an upl')
  await mkdir(join(folder, 'embedded', 'uploads', 'u0123'))

  const second = await openStore(t, folder)
  t.equal((await read(second, 'torn')).status, 404)
  t.equal((await read(second, 'whole')).status, 200)
  t.strictSame((await filesUnder(folder)).filter((file) => !file.includes('/objects/')), [])
  t.equal((await put(second, 'torn', 'again')).status, 200)
  t.equal((await read(second, 'torn')).body.toString(), 'again')
})

t.test('a refused upload leaves no file', async (t) => {
  const folder = await makeFolder(t)
  const store = await openStore(t, folder)
  const response = await sendSigned(store, { method: 'PUT', objectKey: 'k', payloadHash: '0'.repeat(64), body: 'x'.repeat(100_000) })
  t.equal(response.status, 400)
  t.strictSame(await filesUnder(folder), [])
  t.strictSame(store.events, [])
})

t.test('a client that goes away while it uploads leaves nothing', async (t) => {
  const folder = await makeFolder(t)
  const store = await openStore(t, folder)
  const url = store.presign({ method: 'PUT', objectKey: 'k' })
  const upload = request(url, { method: 'PUT', headers: { 'content-length': 1_000_000, expect: '100-continue' } })
  upload.flushHeaders()
  await once(upload, 'continue')
  await new Promise((resolve) => upload.write(Buffer.alloc(500_000), resolve))
  upload.on('error', () => {})
  upload.destroy()
  await store.close()
  t.strictSame(await filesUnder(folder), [])
  t.strictSame(store.events, [])
  t.strictSame(store.errors, [])
})

t.test('a client that goes away while it downloads leaves no file open', { skip: process.platform !== 'linux' && 'needs /proc' }, async (t) => {
  const folder = await makeFolder(t)
  const store = await openStore(t, folder)
  await put(store, 'k', Buffer.alloc(20_000_000))
  const download = get(store.presign({ method: 'GET', objectKey: 'k' }))
  const [response]: IncomingMessage[] = await once(download, 'response')
  t.equal((await openFilesUnder(folder)).length, 1)
  response?.on('error', () => {})
  download.destroy()
  await store.close()
  t.strictSame(await openFilesUnder(folder), [])
  t.strictSame(store.errors, [])
})

t.test('a body is invited only once the signature has been verified', async (t) => {
  const store = await openStore(t, await makeFolder(t))
  const upload = request(`${store.endpoint}/${options.bucket}/k`, { method: 'PUT', headers: { 'content-length': 5, expect: '100-continue' } })
  upload.on('continue', () => t.fail('The body was invited.'))
  upload.flushHeaders()
  const [response]: IncomingMessage[] = await once(upload, 'response')
  t.equal(response?.statusCode, 403)
  upload.destroy()
})

t.test('closing waits for requests that are running', async (t) => {
  const store = await openStore(t, await makeFolder(t))
  const upload = request(store.presign({ method: 'PUT', objectKey: 'k' }), { method: 'PUT', headers: { 'content-length': 4, expect: '100-continue' } })
  upload.flushHeaders()
  await once(upload, 'continue')
  const closed = store.close()
  upload.end('data')
  const [response]: IncomingMessage[] = await once(upload, 'response')
  response?.resume()
  t.equal(response?.statusCode, 200)
  await closed
})

t.test('a store does not start with a name that no bucket may have, or on an address that is taken', async (t) => {
  const folder = await makeFolder(t)
  await t.rejects(openStore(t, folder, { bucket: '../up' }), TypeError)
  const store = await openStore(t, folder)
  await t.rejects(openStore(t, await makeFolder(t), { port: Number(new URL(store.endpoint).port) }), { code: 'EADDRINUSE' })
})

t.test('what goes wrong on the disk is reported, and the client learns no more than that', async (t) => {
  const folder = await makeFolder(t)
  const store = await openStore(t, folder)
  await rm(join(folder, 'embedded', 'temporary'), { recursive: true })
  const response = await put(store, 'k', 'x')
  t.match(response, { status: 500, code: 'InternalError' })
  t.notMatch(response.body.toString(), folder)
  t.match(store.errors, [{ code: 'ENOENT' }])
})
