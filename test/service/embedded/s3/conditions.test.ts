import t, { type Test } from 'tap'
import { type RawResponse, put, send, sendSigned } from '../../contract/contract-store.js'
import { type TestStore, makeFolder, openStore } from '../../../support/test-store.js'

/* Every condition that a client sends is honoured or refused, never ignored. */

const failed = { status: 412, code: 'PreconditionFailed' }
const refused = { status: 501, code: 'NotImplemented' }
const OBJECT_KEY = 'conditional'
const BODY = 'seven b'

interface StoredObject {
  etag: string
  /** In HTTP's format, to the second. */
  lastModified: string
  /** In the format of listings, to the millisecond. */
  listed: string
}

async function storeObject (store: TestStore): Promise<StoredObject> {
  await put(store, OBJECT_KEY, BODY)
  const { headers } = await read(store)
  const listing = (await sendSigned(store, { method: 'GET', objectKey: '', query: { 'list-type': '2' } })).body.toString()
  return {
    etag: headers.etag ?? '', lastModified: headers['last-modified'] ?? '', listed: /<LastModified>(.*?)</.exec(listing)?.[1] ?? '',
  }
}

const read = (store: TestStore) => send(store.presign({ method: 'GET', objectKey: OBJECT_KEY }))
const remove = (store: TestStore, headers: Record<string, string>, objectKey = OBJECT_KEY) =>
  sendSigned(store, { method: 'DELETE', objectKey, headers })

/** Deletes one object among others with DeleteObjects. */
function removeMany (store: TestStore, elements: string, objectKey = OBJECT_KEY): Promise<RawResponse> {
  const body = `<Delete>\n <Object><Key>first</Key></Object><Object><Key>${objectKey}</Key>${elements}</Object><Object><Key>last</Key></Object></Delete>`
  return sendSigned(store, { method: 'POST', objectKey: '', query: { delete: '' }, body })
}

async function openConditionalStore (t: Test): Promise<TestStore> {
  return await openStore(t, await makeFolder(t))
}

const second = 1000
const shifted = (date: string, byMs: number) => new Date(Date.parse(date) + byMs)

/** A condition of a deletion, as headers and as elements. */
type Condition = [name: string, headers: Record<string, string>, elements: string]

function failing ({ etag, lastModified, listed }: StoredObject): Condition[] {
  const later = shifted(lastModified, second).toUTCString()
  const laterBy1Ms = shifted(listed, 1).toISOString()
  return [
    ['another entity tag', { 'if-match': '"other"' }, '<ETag>"other"</ETag>'],
    ['no entity tag', { 'if-match': '' }, '<ETag></ETag>'],
    ['a weak entity tag', { 'if-match': `W/${etag}` }, `<ETag>W/${etag}</ETag>`],
    ['a byte more', { 'x-amz-if-match-size': '8' }, '<Size>8</Size>'],
    ['a byte less', { 'x-amz-if-match-size': '6' }, '<Size>6</Size>'],
    ['no bytes', { 'x-amz-if-match-size': '0' }, '<Size>0</Size>'],
    ['a later second', { 'x-amz-if-match-last-modified-time': later }, `<LastModifiedTime>${later}</LastModifiedTime>`],
    ['a later millisecond', { 'x-amz-if-match-last-modified-time': laterBy1Ms }, `<LastModifiedTime>${laterBy1Ms}</LastModifiedTime>`],
    ['one of two that is wrong', { 'if-match': etag, 'x-amz-if-match-size': '8' }, `<ETag>${etag}</ETag><Size>8</Size>`],
  ]
}

function holding ({ etag, lastModified, listed }: StoredObject): Condition[] {
  const toTheSecond = `${listed.slice(0, -5)}Z`
  return [
    ['its entity tag', { 'if-match': etag }, `<ETag>${etag}</ETag>`],
    ['its entity tag without quotes', { 'if-match': etag.slice(1, -1) }, `<ETag>${etag.slice(1, -1)}</ETag>`],
    ['any entity tag', { 'if-match': '*' }, '<ETag>*</ETag>'],
    ['its size', { 'x-amz-if-match-size': '7' }, '<Size>7</Size>'],
    ['its second', { 'x-amz-if-match-last-modified-time': lastModified }, `<LastModifiedTime>${lastModified}</LastModifiedTime>`],
    ['its second in ISO 8601', { 'x-amz-if-match-last-modified-time': toTheSecond }, `<LastModifiedTime>${toTheSecond}</LastModifiedTime>`],
    ['its millisecond', { 'x-amz-if-match-last-modified-time': listed }, `<LastModifiedTime>${listed}</LastModifiedTime>`],
    ['all of it', {
      'if-match': etag, 'x-amz-if-match-size': '7', 'x-amz-if-match-last-modified-time': lastModified,
    }, `<ETag>${etag}</ETag><Size>7</Size><LastModifiedTime>${lastModified}</LastModifiedTime>`],
  ]
}

t.test('an object is not deleted where the condition does not hold', async (t) => {
  const store = await openConditionalStore(t)
  const object = await storeObject(store)
  for (const [name, headers, elements] of failing(object)) {
    t.match(await remove(store, headers), failed, name)
    const many = await removeMany(store, elements)
    t.equal(many.status, 200, name)
    t.match(many.body.toString(), `<Error><Key>${OBJECT_KEY}</Key><Code>PreconditionFailed</Code>`, name)
    t.strictSame([...many.body.toString().matchAll(/<Deleted><Key>(\w+)</g)].map(([, key]) => key), ['first', 'last'], name)
  }
  t.match(await read(store), { status: 200, body: Buffer.from(BODY) })
  t.equal(store.events.length, 1)
})

t.test('an object is deleted where the condition holds', async (t) => {
  const store = await openConditionalStore(t)
  for (const [index, [name]] of holding(await storeObject(store)).entries()) {
    const headers = holding(await storeObject(store))[index]?.[1] ?? {}
    t.match(await remove(store, headers), { status: 204 }, name)
    t.match(await read(store), { status: 404 }, name)
    const elements = holding(await storeObject(store))[index]?.[2] ?? ''
    t.match((await removeMany(store, elements)).body.toString(), `<Deleted><Key>${OBJECT_KEY}</Key></Deleted>`, name)
    t.match(await read(store), { status: 404 }, name)
  }
})

t.test('an object that is not there has no entity tag; any size and time is right for it, as on S3', async (t) => {
  const store = await openConditionalStore(t)
  for (const tag of ['*', '"x"']) {
    t.match(await remove(store, { 'if-match': tag }, 'absent'), { status: 404, code: 'NoSuchKey' })
    t.match((await removeMany(store, `<ETag>${tag}</ETag>`, 'absent')).body.toString(), '<Code>NoSuchKey</Code>')
  }
  t.match(await remove(store, { 'x-amz-if-match-size': '7' }, 'absent'), { status: 204 })
  t.match((await removeMany(store, '<Size>7</Size>', 'absent')).body.toString(), '<Deleted><Key>absent</Key></Deleted>')
  t.strictSame(store.events, [])
})

t.test('a condition that cannot be understood deletes nothing', async (t) => {
  const store = await openConditionalStore(t)
  await storeObject(store)
  const wrong = { status: 400, code: 'InvalidArgument' }
  for (const size of ['', '-1', '7.0', 'x', '0x7', '1'.repeat(16)]) {
    t.match(await remove(store, { 'x-amz-if-match-size': size }), wrong, size)
    t.match((await removeMany(store, `<Size>${size}</Size>`)).body.toString(), '<Code>InvalidArgument</Code>', size)
  }
  for (const time of ['', 'yesterday', '2026-01-01', '2026-01-01T00:00:00', '1767225600', '2026-13-01T00:00:00Z', 'Thu, 32 Jan 2026 00:00:00 GMT']) {
    t.match(await remove(store, { 'x-amz-if-match-last-modified-time': time }), wrong, time)
  }
  t.match(await removeMany(store, '<IfMatch>"other"</IfMatch>'), { status: 400, code: 'MalformedXML' }, 'an element that is unknown')
  t.match(await read(store), { status: 200 })
})

t.test('of concurrent changes that depend on one version, one is made', async (t) => {
  const store = await openConditionalStore(t)
  for (let round = 0; round < 5; round++) {
    const { etag } = await storeObject(store)
    const headers = { 'if-match': etag }
    const statuses = (await Promise.all(Array.from({ length: 8 }, (_, index) => index % 2 === 0
      ? remove(store, headers)
      : sendSigned(store, { method: 'PUT', objectKey: OBJECT_KEY, headers, body: `version ${index}` })))).map(({ status }) => status)
    t.equal(statuses.filter((status) => status === 204 || status === 200).length, 1)
    t.ok(statuses.every((status) => [200, 204, 404, 412].includes(status)), String(statuses))
  }
})

t.test('If-Match writes only over the version that it names', async (t) => {
  const store = await openConditionalStore(t)
  const write = (tag: string) => sendSigned(store, { method: 'PUT', objectKey: OBJECT_KEY, headers: { 'if-match': tag }, body: 'new' })
  t.match(await write('*'), { status: 404, code: 'NoSuchKey' })
  const { etag } = await storeObject(store)
  t.match(await write('"other"'), failed)
  t.equal((await read(store)).body.toString(), BODY)
  t.match(await write(etag), { status: 200 })
  t.equal((await read(store)).body.toString(), 'new')
  t.match(await write(etag), failed, 'a version ago')
})

t.test('an upload in parts is completed only where its condition holds', async (t) => {
  const store = await openConditionalStore(t)
  const { etag } = await storeObject(store)
  const started = await sendSigned(store, { method: 'POST', objectKey: OBJECT_KEY, query: { uploads: '' } })
  const uploadId = /<UploadId>(.*?)</.exec(started.body.toString())?.[1] ?? ''
  const part = await sendSigned(store, { method: 'PUT', objectKey: OBJECT_KEY, query: { uploadId, partNumber: '1' }, body: 'new' })
  const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.etag}</ETag></Part></CompleteMultipartUpload>`
  const complete = (headers: Record<string, string>) => sendSigned(store, { method: 'POST', objectKey: OBJECT_KEY, query: { uploadId }, headers, body })
  t.match(await complete({ 'if-none-match': '*' }), failed)
  t.match(await complete({ 'if-match': '"other"' }), failed)
  t.equal((await read(store)).body.toString(), BODY)
  t.match(await complete({ 'if-match': etag }), { status: 200 })
  t.match(await complete({ 'if-match': etag }), { status: 200 }, 'again, since its answer may have been lost')
  t.equal((await read(store)).body.toString(), 'new')
})

t.test('a part of another version than the client has is not sent for If-Range', async (t) => {
  const store = await openConditionalStore(t)
  const { etag, lastModified } = await storeObject(store)
  const part = (ifRange: string) =>
    send(store.presign({ method: 'GET', objectKey: OBJECT_KEY }), { headers: { range: 'bytes=0-1', 'if-range': ifRange } })
  for (const current of [etag, lastModified]) t.match(await part(current), { status: 206, body: Buffer.from('se') }, current)
  const earlier = shifted(lastModified, -second).toUTCString()
  for (const other of ['"other"', `W/${etag}`, '*', earlier]) t.match(await part(other), { status: 200, body: Buffer.from(BODY) }, other)
})

t.test('a condition that an operation does not know is refused', async (t) => {
  const store = await openConditionalStore(t)
  const { etag, lastModified } = await storeObject(store)
  const read = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range']
  const ofADeletion = ['x-amz-if-match-size', 'x-amz-if-match-last-modified-time']
  const values: Record<string, string> = {
    'if-match': etag,
    'if-none-match': '*',
    'if-range': etag,
    'x-amz-if-match-size': '7',
    'if-modified-since': lastModified,
    'if-unmodified-since': lastModified,
    'x-amz-if-match-last-modified-time': lastModified,
  }
  const operations: Array<[name: string, method: string, query: Record<string, string>, conditions: string[]]> = [
    ['PutObject', 'PUT', {}, ['if-modified-since', 'if-unmodified-since', 'if-range', ...ofADeletion]],
    ['DeleteObject', 'DELETE', {}, ['if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range']],
    ['CreateMultipartUpload', 'POST', { uploads: '' }, [...read, ...ofADeletion]],
    ['UploadPart', 'PUT', { uploadId: 'x', partNumber: '1' }, [...read, ...ofADeletion]],
    ['CompleteMultipartUpload', 'POST', { uploadId: 'x' }, ['if-modified-since', 'if-unmodified-since', 'if-range', ...ofADeletion]],
    ['AbortMultipartUpload', 'DELETE', { uploadId: 'x' }, [...read, ...ofADeletion, 'x-amz-if-match-initiated-time']],
    ['GetObject', 'GET', {}, ofADeletion],
  ]
  for (const [name, method, query, conditions] of operations) {
    for (const condition of conditions) {
      const headers = { [condition]: values[condition] ?? 'x' }
      t.match(await sendSigned(store, { method, objectKey: OBJECT_KEY, query, headers }), refused, `${name} with ${condition}`)
    }
  }
  const aTag = { 'if-none-match': etag }
  t.match(await sendSigned(store, { method: 'PUT', objectKey: OBJECT_KEY, headers: aTag }), refused, 'a tag that a write must not match')
  t.match(await sendSigned(store, { method: 'POST', objectKey: '', query: { delete: '' }, headers: { 'if-match': etag } }), refused, 'DeleteObjects')
  t.match(await sendSigned(store, { method: 'PUT', objectKey: OBJECT_KEY, headers: { 'content-range': 'bytes 0-0/7' }, body: 'x' }), refused, 'a part of an object')
  t.match(await send(store.presign({ method: 'GET', objectKey: OBJECT_KEY })), { status: 200, body: Buffer.from(BODY) })
})
