import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import type { StoreAttempt } from '../../../store/connection.js'
import { ObjectStorageRefused, ObjectStorageUnavailable } from '../../../store/failures.js'
import { ObjectStorage } from '../../../store/object-storage.js'
import { stopClock } from '../../support/clock.js'
import { FaultProxy } from '../../support/fault-proxy.js'
import { makeFolder, openStore, options } from '../../support/test-store.js'

const timeouts = { connectTimeoutMs: 1_000, firstByteTimeoutMs: 300, idleTimeoutMs: 1_000 }
const nobodyLeaves = new AbortController().signal

/** A faulty store with one file, and a client of it; each test has its own circuit. */
async function open (t: Pick<Test, 'teardown'>, { bucket = options.bucket } = {}) {
  const { endpoint, presign, target: storeTarget } = await openStore(t, await makeFolder(t))
  const proxy = await FaultProxy.start(endpoint)
  t.teardown(() => proxy.close())
  const attempts: StoreAttempt[] = []
  const target = { ...storeTarget, bucket, endpoint: proxy.endpoint }
  const storage = new ObjectStorage(target, timeouts, (attempt) => { attempts.push(attempt) })
  t.teardown(() => storage.close())
  const put = async (objectKey: string, body: string, headers: Record<string, string> = {}) => {
    await fetch(presign({ method: 'PUT', objectKey }), { method: 'PUT', body, headers })
  }
  await put('a/file', '0123456789', { 'content-type': 'text/csv', 'content-encoding': 'gzip' })
  return { storage, proxy, attempts, put, statuses: () => attempts.map(({ method, statusCode }) => [method, statusCode]) }
}

const fileTag = '"781e5e245d69b566979b86e28d23f2c7"'

t.test('what the store says about a file is reported, and nothing for a missing one', async (t) => {
  const { storage } = await open(t)
  const before = Math.floor(Date.now() / 1000) * 1000
  const { stored, observedAt } = await storage.observe('a/file')
  t.match(stored, { sizeBytes: 10, entityTag: fileTag, contentType: 'text/csv', contentEncoding: 'gzip' })
  t.ok(Number(stored?.lastModified) >= before - 60_000 && Number(stored?.lastModified) <= Date.now())
  t.ok(observedAt.getTime() >= before && observedAt.getTime() <= Date.now(), 'when it said so')
  t.strictSame(await storage.head('a/file'), stored)
  t.equal(await storage.head('a/none'), undefined)
})

t.test('a file is read whole or in part, and only where it is still the one that was meant', async (t) => {
  const { storage } = await open(t)
  const read = async (more: object, objectKey = 'a/file') => {
    const result = await storage.read(objectKey, { signal: nobodyLeaves, ...more })
    return typeof result === 'object' ? [result.lengthBytes, await text(result.body), result.stored.sizeBytes] : result
  }
  t.strictSame(await read({}), [10, '0123456789', 10])
  t.strictSame(await read({ range: { first: 2, last: 4 } }), [3, '234', 10])
  t.strictSame(await read({ range: { first: 9, last: 9 }, ifMatch: fileTag }), [1, '9', 10])
  t.equal(await read({ ifMatch: '"other"' }), 'changed')
  t.equal(await read({ range: { first: 10, last: 12 } }), 'changed')
  t.equal(await read({}, 'a/none'), undefined)
})

t.test('a file that nobody has looked at is opened as it is asked for, and what comes says what it is', async (t) => {
  const { storage, proxy } = await open(t)
  const ask = async (more: object, objectKey = 'a/file') => {
    const result = await storage.open(objectKey, { signal: nobodyLeaves, ...more })
    return typeof result === 'object' ? [result.range, await text(result.body), result.stored.sizeBytes] : result
  }
  t.strictSame(await ask({}), [undefined, '0123456789', 10])
  t.strictSame(await ask({ range: { first: 7 } }), [{ first: 7, last: 9 }, '789', 10])
  t.strictSame(await ask({ range: { first: 7, last: 99 }, ifMatch: fileTag }), [{ first: 7, last: 9 }, '789', 10])
  t.strictSame(await ask({ range: { suffixLength: 2 } }), [{ first: 8, last: 9 }, '89', 10])
  t.equal(await ask({ range: { first: 10 } }), 'changed')
  t.equal(await ask({ ifMatch: '"other"' }), 'changed')
  t.equal(await ask({}, 'a/none'), undefined)
  proxy.inject({ kind: 'omit', header: 'content-range' })
  await t.rejects(ask({ range: { first: 7 } }), new ObjectStorageRefused('its answer has no Content-Range'))
  proxy.heal()
  const read = storage.read('a/file', { range: { first: 7, last: 99 }, signal: nobodyLeaves })
  await t.rejects(read, new ObjectStorageRefused('its answer is of other bytes than were asked for'))
})

t.test('a file is removed, and a missing one is not an error', async (t) => {
  const { storage, proxy } = await open(t)
  await storage.remove('a/file')
  t.equal(await storage.head('a/file'), undefined)
  await storage.remove('a/file')
  proxy.inject({ kind: 'answer', statusCode: 404, code: 'NoSuchKey' })
  await storage.remove('a/file')
  proxy.inject({ kind: 'answer', statusCode: 403, code: 'AccessDenied' })
  await t.rejects(storage.remove('a/file'), new ObjectStorageRefused('AccessDenied'))
})

t.test('a missing file is told from a missing bucket, which is asked about once in a while', async (t) => {
  const { storage, proxy } = await open(t)
  for (const objectKey of ['a/none', 'b/none']) t.equal(await storage.head(objectKey), undefined)
  t.strictSame(proxy.requests.map(({ isForObject }) => isForObject), [true, false, true])
  t.equal(await storage.bucketExists(), true)

  const { storage: elsewhere } = await open(t, { bucket: 'missing' })
  t.equal(await elsewhere.bucketExists(), false)
  await t.rejects(elsewhere.head('a/file'), new ObjectStorageRefused('NoSuchBucket'))
  await t.rejects(elsewhere.read('a/file', { signal: nobodyLeaves }), new ObjectStorageRefused('NoSuchBucket'))
})

t.test('of a file that may not be read, the bucket\'s listing tells', async (t) => {
  const { storage, proxy, put } = await open(t)
  t.match((await storage.observeCounted('a/file')).stored, { sizeBytes: 10, contentType: 'text/csv', isReadable: true })
  await put('a/file-2', 'x')
  proxy.inject({ kind: 'answer', statusCode: 403, code: 'AccessDenied' }, { method: 'HEAD' })
  const { stored, observedAt } = await storage.observeCounted('a/file')
  t.strictSame(stored, { sizeBytes: 10, entityTag: fileTag, contentType: undefined, isReadable: false })
  t.ok(Math.abs(Date.now() - observedAt.getTime()) < 60_000)
  t.equal((await storage.observeCounted('a/fil')).stored, undefined, 'another key that begins alike is another file')
  t.equal((await storage.observeCounted('z')).stored, undefined)
  proxy.inject({ kind: 'answer', statusCode: 403, code: 'InvalidAccessKeyId' })
  await t.rejects(storage.observeCounted('a/file'), new ObjectStorageRefused('InvalidAccessKeyId'), 'a service that may do nothing')
})

t.test('a store that fails for a moment is asked again, three times at most', async (t) => {
  for (const fault of [{ kind: 'reset' }, ...[429, 500, 502, 503, 504].map((statusCode) => ({ kind: 'answer', statusCode, code: 'Slow' }) as const)] as const) {
    const { storage, proxy, statuses } = await open(t)
    const status = 'statusCode' in fault ? fault.statusCode : undefined
    proxy.inject(fault, { times: 2 })
    t.ok(await storage.head('a/file'))
    t.strictSame(statuses(), [['HEAD', status], ['HEAD', status], ['HEAD', 200]])
    proxy.inject(fault)
    await t.rejects(storage.head('a/file'), { name: 'ObjectStorageUnavailable', retryAfterSeconds: 2 })
    t.equal(statuses().length, 6)
  }
})

t.test('what will not get better is not retried', async (t) => {
  const { storage, proxy, statuses } = await open(t)
  proxy.inject({ kind: 'answer', statusCode: 501, code: 'NotImplemented' })
  await t.rejects(storage.read('a/file', { signal: nobodyLeaves }),
    new ObjectStorageUnavailable('Object storage answers 501 NotImplemented.', 2))
  t.strictSame(statuses(), [['GET', 501]])
})

t.test('after five failures in a row the store is left alone', async (t) => {
  const { storage, proxy, attempts } = await open(t)
  proxy.inject({ kind: 'answer', statusCode: 501, code: 'NotImplemented' }, { times: 4 })
  for (let time = 0; time < 4; time++) await t.rejects(storage.head('a/file'), ObjectStorageUnavailable)
  t.ok(await storage.head('a/file'), 'four are not enough')
  proxy.inject({ kind: 'answer', statusCode: 501, code: 'NotImplemented' })
  for (let time = 0; time < 5; time++) await t.rejects(storage.head('a/file'), { message: /answers 501/ })
  await t.rejects(storage.head('a/file'), new ObjectStorageUnavailable('Object storage kept failing: not asked.', 2))
  t.equal(attempts.length, 10)
})

t.test('a store that says nothing is given up', async (t) => {
  const { storage, proxy, statuses } = await open(t)
  proxy.inject({ kind: 'mute' })
  await t.rejects(storage.head('a/file'), { name: 'ObjectStorageUnavailable', message: /does not answer: UND_ERR_HEADERS_TIMEOUT/ })
  t.strictSame(statuses(), [['HEAD', undefined]])
  proxy.heal()
  proxy.inject({ kind: 'stall', afterBytes: 0 })
  await t.rejects(storage.read('a/file', { signal: nobodyLeaves }), ObjectStorageUnavailable, 'nor where its body never begins')
})

t.test('a client that leaves ends the request, which is not a failure of the store', async (t) => {
  const { storage, proxy, attempts } = await open(t)
  const reason = new Error('gone')
  for (let time = 0; time < 6; time++) {
    const leaver = new AbortController()
    proxy.inject({ kind: 'mute' }, { times: 1 })
    const arrival = proxy.arrival()
    const asked = t.rejects(storage.head('a/file', leaver.signal), reason)
    await arrival
    leaver.abort(reason)
    await asked
  }
  t.match(attempts, Array.from({ length: 6 }, () => ({ method: 'HEAD', statusCode: undefined, isAborted: true })))
  t.ok(await storage.head('a/file'), 'the circuit is closed')
  t.match(attempts.at(-1), { statusCode: 200, isAborted: false })
})

t.test('an error whose body never comes is told by its status', async (t) => {
  const { storage, proxy } = await open(t)
  proxy.inject({ kind: 'answer-unended', statusCode: 403 })
  await t.rejects(storage.read('a/file', { signal: nobodyLeaves }), new ObjectStorageRefused('status 403'))
})

t.test('only what a store takes signed alone is signed, and the store\'s clock says when it answered', async (t) => {
  const { storage, proxy } = await open(t)
  stopClock(t, 0)
  const { observedAt } = await storage.observe('a/file')
  t.ok(observedAt.getTime() > Date.UTC(2020, 0))
  const result = await storage.read('a/file', { range: { first: 0, last: 0 }, ifMatch: fileTag, signal: nobodyLeaves })
  if (typeof result === 'object') result.body.resume()
  t.match(proxy.requests.at(-1)?.headers, { range: 'bytes=0-0', 'if-match': fileTag })
  const signed = proxy.requests.map(({ path }) => new URLSearchParams(path.split('?')[1]).get('X-Amz-SignedHeaders'))
  t.strictSame(signed, ['host;x-amz-checksum-mode', 'host'])
})

t.test('what the store cannot say now is not looked for in a listing', async (t) => {
  const { storage, proxy } = await open(t)
  proxy.inject({ kind: 'answer', statusCode: 501, code: 'NotImplemented' }, { method: 'HEAD' })
  await t.rejects(storage.observeCounted('a/file'), ObjectStorageUnavailable)
  t.strictSame(proxy.requests.map(({ method }) => method), ['HEAD'])
})

t.test('an answer without a length is refused: no end could be told', async (t) => {
  const { storage, proxy } = await open(t)
  proxy.inject({ kind: 'omit', header: 'content-length' })
  await t.rejects(storage.read('a/file', { signal: nobodyLeaves }), new ObjectStorageRefused('its answer has no Content-Length'))
})
