import t from 'tap'
import { formatTimestamp } from '../../../../store/signature-v4.js'
import { put, send, sendSigned } from '../../contract/contract-store.js'
import { type TestStore, filesUnder, makeFolder, openStore } from '../../../support/test-store.js'

/* What clients send that asks for nothing special, or for what the store does anyway. */

const refused = { status: 501, code: 'NotImplemented' }
const open = async (t: Parameters<typeof openStore>[0]) => await openStore(t, await makeFolder(t))
const putWith = (store: TestStore, headers: Record<string, string>) => sendSigned(store, { method: 'PUT', objectKey: 'k', headers, body: 'x' })

t.test('a header that names a default is accepted, and one that wants something else is not', async (t) => {
  const store = await open(t)
  for (const [header, accepted, others] of [
    ['x-amz-acl', ['private', 'bucket-owner-full-control'], ['public-read', 'public-read-write', 'authenticated-read', '']],
    ['x-amz-storage-class', ['STANDARD'], ['GLACIER', 'REDUCED_REDUNDANCY', 'standard', '']],
  ] as const) {
    for (const value of accepted) {
      t.match(await putWith(store, { [header]: value }), { status: 200 }, value)
      t.match(await sendSigned(store, { method: 'POST', objectKey: 'k', query: { uploads: '' }, headers: { [header]: value } }), { status: 200 }, value)
    }
    for (const value of others) {
      t.match(await putWith(store, { [header]: value }), refused, value)
      const url = store.presign({ method: 'PUT', objectKey: 'k', query: { [header]: value } })
      t.match(await send(url, { method: 'PUT', body: 'x' }), refused, `${value} in the query`)
    }
  }
})

t.test('what would change an object\'s state in ways that the store lacks is refused, in headers and in the query', async (t) => {
  const store = await open(t)
  const names = [
    'x-amz-tagging', 'x-amz-website-redirect-location', 'x-amz-object-lock-mode', 'x-amz-object-lock-legal-hold', 'x-amz-grant-read',
    'x-amz-server-side-encryption', 'x-amz-server-side-encryption-customer-algorithm', 'x-amz-copy-source', 'x-amz-copy-source-if-match',
    'x-amz-write-offset-bytes', 'x-amz-bypass-governance-retention', 'x-amz-mfa',
  ]
  for (const name of names) {
    t.match(await putWith(store, { [name]: 'x' }), refused, name)
    for (const spelling of [name, name.replace(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase())]) {
      const url = store.presign({ method: 'PUT', objectKey: 'k', query: { [spelling]: 'x' } })
      t.match(await send(url, { method: 'PUT', body: 'x' }), refused, `${spelling} in the query`)
    }
  }
  t.match(await send(store.presign({ method: 'GET', objectKey: 'k' })), { status: 404 })
})

t.test('a parameter and a header of one name must say the same', async (t) => {
  const store = await open(t)
  const both = (value: string) => sendSigned(store, {
    method: 'PUT', objectKey: 'k', query: { 'x-amz-meta-a': 'one' }, headers: { 'x-amz-meta-a': value }, body: 'x',
  })
  t.match(await both('two'), { status: 400, code: 'InvalidRequest' })
  t.match(await both('one'), { status: 200 })
  t.match((await send(store.presign({ method: 'GET', objectKey: 'k' }))).headers, { 'x-amz-meta-a': 'one' })
})

t.test('a bucket is the owner\'s alone', async (t) => {
  const store = await open(t)
  await put(store, 'k', 'x')
  const listing = await sendSigned(store, { method: 'GET', objectKey: '', query: { 'list-type': '2', 'fetch-owner': 'true' } })
  const owner = /<Owner><ID>([0-9a-f]{64})<\/ID><DisplayName>[^<]+<\/DisplayName><\/Owner>/.exec(listing.body.toString())?.[1] ?? ''
  t.ok(owner, 'which a listing tells')
  const readOf = (account: string) => sendSigned(store, { method: 'GET', objectKey: 'k', headers: { 'x-amz-expected-bucket-owner': account } })
  t.match(await readOf(owner), { status: 200 })
  t.match(await readOf('123456789012'), { status: 403, code: 'AccessDenied' })
})

t.test('a listing names the owner where S3 does', async (t) => {
  const store = await open(t)
  await put(store, 'k', 'x')
  const list = async (query: Record<string, string>) =>
    (await sendSigned(store, { method: 'GET', objectKey: '', query })).body.toString().includes('<Owner>')
  t.equal(await list({ 'list-type': '2' }), false)
  t.equal(await list({ 'list-type': '2', 'fetch-owner': 'false' }), false)
  t.equal(await list({ 'list-type': '2', 'fetch-owner': 'true' }), true)
  t.equal(await list({}), true)
  await sendSigned(store, { method: 'POST', objectKey: 'parts', query: { uploads: '' } })
  t.equal(await list({ uploads: '' }), true)
})

t.test('a request may be dated by Date alone, in either form', async (t) => {
  const store = await open(t)
  await put(store, 'k', 'x')
  const at = (signedAt: Date, date: string) => sendSigned(store, { method: 'GET', objectKey: 'k', signedAt, date })
  const now = new Date()
  t.match(await at(now, now.toUTCString()), { status: 200 })
  t.match(await at(now, formatTimestamp(now)), { status: 200 })
  const before = new Date(now.getTime() - 16 * 60_000)
  t.match(await at(before, before.toUTCString()), { status: 403, code: 'RequestTimeTooSkewed' })
  // Around midnight the day is the first thing that differs.
  t.match(await at(before, now.toUTCString()), { code: /^(SignatureDoesNotMatch|AuthorizationHeaderMalformed)$/ }, 'another date than was signed')
  for (const date of ['', 'now', now.toISOString()]) t.match(await at(now, date), { status: 403, code: 'AccessDenied' }, date)
})

t.test('Content-Encoding comes back as it came, but for the coding of the transfer', async (t) => {
  const store = await open(t)
  const encodingOf = async (sent: string) => {
    await putWith(store, { 'content-encoding': sent })
    return (await send(store.presign({ method: 'GET', objectKey: 'k' }))).headers['content-encoding']
  }
  for (const kept of ['gzip', 'gzip, br', 'gzip,br', 'gzip ,  br']) t.equal(await encodingOf(kept), kept)
  t.equal(await encodingOf('aws-chunked'), undefined)
  t.equal(await encodingOf('AWS-chunked, gzip, br'), 'gzip, br')
  t.equal(await encodingOf('gzip, br,aws-chunked'), 'gzip, br')
})

interface PartTag { partNumber: number, etag: string }

async function startUpload (store: TestStore, bodies: string[]): Promise<{ uploadId: string, parts: PartTag[] }> {
  const started = await sendSigned(store, { method: 'POST', objectKey: 'k', query: { uploads: '' } })
  const uploadId = /<UploadId>(.*?)</.exec(started.body.toString())?.[1] ?? ''
  const parts: PartTag[] = []
  for (const [index, body] of bodies.entries()) {
    const query = { uploadId, partNumber: String(index + 1) }
    const { headers } = await sendSigned(store, { method: 'PUT', objectKey: 'k', query, body })
    parts.push({ partNumber: index + 1, etag: headers.etag ?? '' })
  }
  return { uploadId, parts }
}

function complete (store: TestStore, uploadId: string, parts: PartTag[], headers: Record<string, string> = {}) {
  const elements = parts.map(({ partNumber, etag }) => `<Part><PartNumber>${partNumber}</PartNumber><ETag>${etag}</ETag></Part>`)
  const body = `<CompleteMultipartUpload>${elements.join('')}</CompleteMultipartUpload>`
  return sendSigned(store, { method: 'POST', objectKey: 'k', query: { uploadId }, headers, body })
}

t.test('completing an upload again with the same parts is answered as the first time, after a restart too', async (t) => {
  const folder = await makeFolder(t)
  const first = await openStore(t, folder)
  const { uploadId, parts: [one, other] } = await startUpload(first, ['one', 'other'])
  if (one === undefined || other === undefined) throw new Error('There are two parts.')
  const headers = { 'if-none-match': '*' }
  const answered = await complete(first, uploadId, [other], headers)
  t.match(answered, { status: 200 })
  t.strictSame((await complete(first, uploadId, [other], headers)).body, answered.body)
  await first.close()

  const second = await openStore(t, folder)
  t.strictSame((await complete(second, uploadId, [other], headers)).body, answered.body)
  const gone = { status: 404, code: 'NoSuchUpload' }
  t.match(await complete(second, uploadId, [one]), gone, 'another part')
  t.match(await complete(second, uploadId, [{ ...other, partNumber: 3 }]), gone, 'another number')
  t.match(await complete(second, 'u0', [other]), gone, 'another upload')
  t.equal((await send(second.presign({ method: 'GET', objectKey: 'k' }))).body.toString(), 'other')
  t.equal(first.events.length + second.events.length, 1, 'the object was made once')

  await put(second, 'k', 'newer')
  t.match(await complete(second, uploadId, [other]), gone, 'an object that was replaced since is not made again')
  t.equal((await send(second.presign({ method: 'GET', objectKey: 'k' }))).body.toString(), 'newer')
})

t.test('of requests to complete an upload that come at once, all are answered alike and one makes the object', async (t) => {
  const folder = await makeFolder(t)
  const store = await openStore(t, folder)
  const { uploadId, parts } = await startUpload(store, ['a'.repeat(5 * 1024 ** 2), 'b'.repeat(5 * 1024 ** 2), 'c'])
  const answers = await Promise.all(Array.from({ length: 5 }, () => complete(store, uploadId, parts)))
  for (const answer of answers) t.strictSame({ ...answer, headers: {} }, { ...answers[0], headers: {} })
  t.equal(answers[0]?.status, 200)
  t.equal(store.events.length, 1)
  t.equal((await filesUnder(folder)).length, 1)
})

t.test('an upload that is aborted while it is completed leaves nothing', async (t) => {
  const folder = await makeFolder(t)
  const store = await openStore(t, folder)
  const { uploadId, parts } = await startUpload(store, ['a'.repeat(5 * 1024 ** 2), 'b'.repeat(5 * 1024 ** 2), 'c'])
  const [completed, aborted] = await Promise.all([
    complete(store, uploadId, parts), sendSigned(store, { method: 'DELETE', objectKey: 'k', query: { uploadId } }),
  ])
  const isCompleted = completed.status === 200
  t.match([completed.status, aborted.status], isCompleted ? [200, 404] : [404, 204])
  t.equal((await filesUnder(folder)).length, isCompleted ? 1 : 0)
  t.strictSame(store.errors, [])
})
