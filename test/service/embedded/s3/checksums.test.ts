import { randomBytes } from 'node:crypto'
import t from 'tap'
import { type ChecksumAlgorithm, checksumAlgorithms, createChecksum } from '../../../../embedded/s3/checksum.js'
import { type HeaderSignedRequest, send, sendSigned } from '../../contract/contract-store.js'
import { type TestStore, makeFolder, openStore } from '../../../support/test-store.js'

const PART_BYTES = 5 * 1024 ** 2
const badDigest = { status: 400, code: 'BadDigest' }
const invalid = { status: 400, code: 'InvalidRequest' }

function checksumOf (algorithm: ChecksumAlgorithm, ...bytes: Array<string | Buffer>): string {
  const checksum = createChecksum(algorithm)
  for (const piece of bytes) checksum.update(Buffer.from(piece))
  return checksum.digest().toString('base64')
}

const headerOf = (algorithm: ChecksumAlgorithm) => `x-amz-checksum-${algorithm.toLowerCase()}`
const open = async (t: Parameters<typeof openStore>[0]) => await openStore(t, await makeFolder(t))
const putHello = (store: TestStore, headers: Record<string, string>, rest: Partial<HeaderSignedRequest> = {}) =>
  sendSigned(store, { method: 'PUT', objectKey: 'k', body: 'hello', headers, ...rest })
const head = (store: TestStore, headers: Record<string, string> = { 'x-amz-checksum-mode': 'ENABLED' }) =>
  sendSigned(store, { method: 'HEAD', objectKey: 'k', headers })

/** The body of an upload in unsigned chunks, with trailers. */
function inChunks (trailers: Record<string, string>, announced = Object.keys(trailers).join()): Partial<HeaderSignedRequest> {
  const lines = Object.entries(trailers).map(([name, value]) => `${name}:${value}\r\n`)
  return {
    payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    headers: { 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': '5', 'x-amz-trailer': announced },
    body: `5\r\nhello\r\n0\r\n${lines.join('')}\r\n`,
  }
}

for (const algorithm of checksumAlgorithms) {
  const header = headerOf(algorithm)
  const [right, wrong] = [checksumOf(algorithm, 'hello'), checksumOf(algorithm, 'Hello')]

  t.test(`an upload with ${algorithm} is stored only where that is right, and says it where it is asked for`, async (t) => {
    const store = await open(t)
    t.match(await putHello(store, { [header]: wrong }), badDigest)
    t.match(await putHello(store, { [header]: 'rubbish' }), badDigest)
    t.match(await head(store), { status: 404 })
    const kept = { [header]: right, 'x-amz-checksum-type': 'FULL_OBJECT' }
    t.match(await putHello(store, { [header]: right, 'x-amz-sdk-checksum-algorithm': algorithm }), { status: 200, headers: kept })
    t.match((await head(store)).headers, kept)
    t.notOk((await head(store, {})).headers[header], 'not where nobody asked')
    const part = await sendSigned(store, { method: 'GET', objectKey: 'k', headers: { 'x-amz-checksum-mode': 'ENABLED', range: 'bytes=0-1' } })
    t.equal(part.status, 206)
    t.notOk(part.headers[header], 'not with a part, of which it is not')
  })

  t.test(`${algorithm} can come behind the payload`, async (t) => {
    const store = await open(t)
    t.match(await putHello(store, {}, inChunks({ [header]: wrong })), badDigest)
    t.match(await putHello(store, {}, inChunks({}, header)), badDigest, 'but must come')
    t.match(await putHello(store, {}, inChunks({ [header]: right })), { status: 200, headers: { [header]: right } })
    t.match((await head(store)).headers, { [header]: right, 'x-amz-checksum-type': 'FULL_OBJECT' })
  })

  t.test(`a request to delete many is carried out only where its ${algorithm} is right`, async (t) => {
    const store = await open(t)
    await putHello(store, {})
    const body = '<Delete><Object><Key>k</Key></Object></Delete>'
    const removeMany = (value: string) => sendSigned(store, { method: 'POST', objectKey: '', query: { delete: '' }, headers: { [header]: value }, body })
    t.match(await removeMany(wrong), badDigest)
    t.match(await head(store), { status: 200 })
    t.match(await removeMany(checksumOf(algorithm, body)), { status: 200 })
    t.match(await head(store), { status: 404 })
  })
}

t.test('an object without a checksum says none, and one that is replaced loses it', async (t) => {
  const store = await open(t)
  await putHello(store, { 'x-amz-checksum-crc32': checksumOf('CRC32', 'hello') })
  await putHello(store, {})
  t.strictSame(Object.keys((await head(store)).headers).filter((name) => name.startsWith('x-amz-checksum')), [])
})

t.test('two checksums, another than the announced one, and unknown ones are refused', async (t) => {
  const store = await open(t)
  const [crc32, sha1] = [checksumOf('CRC32', 'hello'), checksumOf('SHA1', 'hello')]
  t.match(await putHello(store, { 'x-amz-checksum-crc32': crc32, 'x-amz-checksum-sha1': sha1 }), invalid)
  t.match(await putHello(store, { 'x-amz-checksum-crc32': crc32, 'x-amz-sdk-checksum-algorithm': 'SHA1' }), invalid)
  t.match(await putHello(store, { 'x-amz-sdk-checksum-algorithm': 'CRC32' }), invalid, 'announced only')
  t.match(await putHello(store, {}, inChunks({ 'x-amz-checksum-crc32': crc32, 'x-amz-checksum-sha1': sha1 }, 'x-amz-checksum-crc32')), invalid)
  const unknown = { status: 501, code: 'NotImplemented' }
  t.match(await putHello(store, { 'x-amz-checksum-xxhash64': 'x' }), unknown)
  t.match(await putHello(store, {}, inChunks({ 'x-amz-meta-a': 'b' })), unknown, 'a trailer that is no checksum')
  t.match(await head(store), { status: 404 })
})

interface Upload {
  algorithm?: ChecksumAlgorithm
  type?: string
  /** Sent with each part. */
  partAlgorithm?: ChecksumAlgorithm
}

/** Uploads two parts, and returns what completes them. */
async function uploadParts (store: TestStore, [first, last]: [Buffer, Buffer], { algorithm, type, partAlgorithm }: Upload) {
  const started = await sendSigned(store, {
    method: 'POST',
    objectKey: 'k',
    query: { uploads: '' },
    headers: {
      ...algorithm === undefined ? {} : { 'x-amz-checksum-algorithm': algorithm }, ...type === undefined ? {} : { 'x-amz-checksum-type': type },
    },
  })
  const uploadId = /<UploadId>(.*?)</.exec(started.body.toString())?.[1] ?? ''
  const upload = (partNumber: number, body: Buffer) => sendSigned(store, {
    method: 'PUT',
    objectKey: 'k',
    query: { uploadId, partNumber: String(partNumber) },
    headers: partAlgorithm === undefined ? {} : { [headerOf(partAlgorithm)]: checksumOf(partAlgorithm, body) },
    body,
  })
  const tags = [(await upload(1, first)).headers.etag, (await upload(2, last)).headers.etag]
  return (headers: Record<string, string> = {}, elements: [string, string] = ['', '']) => {
    const parts = tags.map((etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag>${elements[index]}</Part>`)
    const body = `<CompleteMultipartUpload>${parts.join('\n')}</CompleteMultipartUpload>`
    return sendSigned(store, { method: 'POST', objectKey: 'k', query: { uploadId }, headers, body })
  }
}

const parts: [Buffer, Buffer] = [randomBytes(PART_BYTES), Buffer.from('the end')]

for (const algorithm of checksumAlgorithms.filter((name) => name !== 'CRC64NVME')) {
  t.test(`an object in parts with ${algorithm} has the composite of its parts' checksums`, async (t) => {
    const store = await open(t)
    const ofParts = parts.map((part) => checksumOf(algorithm, part))
    const value = `${checksumOf(algorithm, ...ofParts.map((text) => Buffer.from(text, 'base64')))}-2`
    const complete = await uploadParts(store, parts, { algorithm })
    const elements = (first = '', last = ''): [string, string] =>
      [`<Checksum${algorithm}>${first}</Checksum${algorithm}>`, `<Checksum${algorithm}>${last}</Checksum${algorithm}>`]
    t.match(await complete({}, elements(ofParts[1], ofParts[0])), { status: 400, code: 'InvalidPart' })
    t.match(await complete({ [headerOf(algorithm)]: `${ofParts[0]}-2` }), badDigest)
    t.match(await complete({ 'x-amz-checksum-type': 'FULL_OBJECT' }), invalid)
    const completed = await complete({ [headerOf(algorithm)]: value }, elements(ofParts[0], ofParts[1]))
    t.match(completed, { status: 200 })
    t.match(completed.body.toString(), `<Checksum${algorithm}>${value}</Checksum${algorithm}><ChecksumType>COMPOSITE</ChecksumType>`)
    t.match((await head(store)).headers, { [headerOf(algorithm)]: value, 'x-amz-checksum-type': 'COMPOSITE' })
  })
}

for (const algorithm of ['CRC32', 'CRC32C', 'CRC64NVME'] as const) {
  t.test(`an object in parts can have the ${algorithm} of all its bytes`, async (t) => {
    const store = await open(t)
    const value = checksumOf(algorithm, ...parts)
    const type = { 'x-amz-checksum-type': 'FULL_OBJECT' }
    const complete = await uploadParts(store, parts, { algorithm, type: 'FULL_OBJECT', partAlgorithm: algorithm })
    t.match(await complete({ [headerOf(algorithm)]: checksumOf(algorithm, 'other'), ...type }), badDigest)
    t.match(await complete({ [headerOf(algorithm)]: value, ...type, 'x-amz-mp-object-size': String(PART_BYTES) }), invalid, 'another size')
    t.match(await complete({ [headerOf(algorithm)]: value, ...type, 'x-amz-mp-object-size': String(PART_BYTES + 7) }), { status: 200 })
    t.match((await head(store)).headers, { [headerOf(algorithm)]: value, ...type })
  })
}

t.test('an upload in parts that was begun without a checksum can be completed with that of all bytes', async (t) => {
  const store = await open(t)
  const complete = await uploadParts(store, parts, { partAlgorithm: 'CRC32' })
  const value = checksumOf('CRC64NVME', ...parts)
  t.match(await complete({ 'x-amz-checksum-crc64nvme': checksumOf('CRC64NVME', 'other') }), badDigest)
  t.match(await complete({ 'x-amz-checksum-crc64nvme': value }), { status: 200 })
  t.match((await head(store)).headers, { 'x-amz-checksum-crc64nvme': value, 'x-amz-checksum-type': 'FULL_OBJECT' })
})

t.test('an upload in parts is not begun with a checksum that there is not', async (t) => {
  const store = await open(t)
  const begin = (headers: Record<string, string>) => sendSigned(store, { method: 'POST', objectKey: 'k', query: { uploads: '' }, headers })
  const both = (algorithm: string, type: string) => begin({ 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': type })
  t.match(await begin({ 'x-amz-checksum-algorithm': 'MD4' }), { status: 501, code: 'NotImplemented' })
  t.match(await begin({ 'x-amz-checksum-type': 'COMPOSITE' }), invalid)
  t.match(await both('SHA256', 'FULL_OBJECT'), invalid)
  t.match(await both('CRC64NVME', 'COMPOSITE'), invalid)
  t.match(await both('CRC32', 'PARTIAL'), invalid)
})

t.test('what a pre-signed URL says of a checksum counts as a header would', async (t) => {
  const store = await open(t)
  const url = store.presign({
    method: 'PUT', objectKey: 'k', query: { 'x-amz-sdk-checksum-algorithm': 'CRC32', 'x-amz-checksum-crc32': checksumOf('CRC32', 'hello') },
  })
  t.match(await send(url, { method: 'PUT', body: 'other' }), badDigest)
  t.match(await send(url, { method: 'PUT', body: 'hello' }), { status: 200 })
  const read = await send(store.presign({ method: 'GET', objectKey: 'k', query: { 'x-amz-checksum-mode': 'ENABLED' } }))
  t.match(read.headers, { 'x-amz-checksum-crc32': checksumOf('CRC32', 'hello') })
})

t.test('checksums, of unfinished uploads too, outlive a restart', async (t) => {
  const folder = await makeFolder(t)
  const first = await openStore(t, folder)
  const complete = await uploadParts(first, parts, { algorithm: 'SHA256' })
  await first.close()
  const second = await openStore(t, folder, { port: Number(new URL(first.endpoint).port) })
  t.match(await complete(), { status: 200 })
  await second.close()
  const third = await openStore(t, folder)
  t.match((await head(third)).headers, { 'x-amz-checksum-sha256': /-2$/, 'x-amz-checksum-type': 'COMPOSITE' })
})
