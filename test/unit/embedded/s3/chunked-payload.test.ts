import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { type Authentication } from '../../../../embedded/s3/authentication.js'
import { ChunkedPayload } from '../../../../embedded/s3/chunked-payload.js'
import { deriveSigningKey } from '../../../../store/signature-v4.js'

// Amazon S3 API Reference, "Signature calculations: transferring payload in multiple chunks", the worked example.
const example: Authentication = {
  payloadHash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  signature: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
  signingKey: deriveSigningKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', { date: '20130524', region: 'us-east-1' }),
  scope: { date: '20130524', region: 'us-east-1' },
  timestamp: '20130524T000000Z',
}
const exampleBody = [
  `10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n${'a'.repeat(65_536)}\r\n`,
  `400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n${'a'.repeat(1024)}\r\n`,
  '0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n',
].join('')

async function decode (payload: ChunkedPayload, body: string | Buffer, pieceBytes: number): Promise<string> {
  const bytes = Buffer.from(body)
  async function * pieces () {
    for (let start = 0; start < bytes.length; start += pieceBytes) yield bytes.subarray(start, start + pieceBytes)
  }
  const decoded = []
  for await (const part of payload.decode(pieces())) decoded.push(part)
  return Buffer.concat(decoded).toString()
}

t.test('Amazon\'s worked example is decoded, and refused with any byte of it changed', async (t) => {
  t.equal(await decode(new ChunkedPayload(example), exampleBody, 10_000), 'a'.repeat(66_560))
  for (const changed of [exampleBody.replace('\na', '\nb'), exampleBody.replace('aaa\r\n0;', 'aab\r\n0;'), exampleBody.replace('b6c6', 'b6c7')]) {
    await t.rejects(decode(new ChunkedPayload(example), changed, 10_000), { code: 'SignatureDoesNotMatch' })
  }
  const withoutSignature = exampleBody.replace(/;chunk-signature=\w+/, '')
  await t.rejects(decode(new ChunkedPayload(example), withoutSignature, 10_000), { code: 'SignatureDoesNotMatch' })
})

t.test('a signed chunk left out is noticed', async (t) => {
  const [first = '', second = '', last = ''] = exampleBody.split(/(?<=a\r\n)/)
  await t.rejects(decode(new ChunkedPayload(example), first + last, 1000), { code: 'SignatureDoesNotMatch' })
  await t.rejects(decode(new ChunkedPayload(example), second + last, 1000), { code: 'SignatureDoesNotMatch' })
  await t.rejects(decode(new ChunkedPayload(example), first + second, 1000), { code: 'IncompleteBody' })
})

const unsigned = { ...example, payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' }

t.test('chunks of any content and size are decoded however the body arrives', async () => {
  const chunk = fc.oneof(fc.constantFrom('\r\n', '0\r\n\r\n', 'a\r\n'), fc.string({ minLength: 1 }))
  await fc.assert(fc.asyncProperty(fc.array(chunk), fc.integer({ min: 1, max: 40 }), async (chunks, pieceBytes) => {
    const body = chunks.map((text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`).join('')
    const payload = new ChunkedPayload(unsigned)
    const decoded = await decode(payload, `${body}0\r\nX-Amz-Checksum-Crc32: AAAAAA==\r\n\r\n`, pieceBytes)
    return decoded === chunks.join('') && payload.trailers.get('x-amz-checksum-crc32') === 'AAAAAA=='
  }))
})

t.test('what is not in chunks, or breaks off, is refused', async (t) => {
  const bodies = [
    '', 'hello', '5\r\nhel', '5\r\nhello', '5\r\nhello\r\n', '5\r\nhelloX\r\n0\r\n\r\n', '5\r\nhello\r\n0\r\n', '-1\r\n\r\n', '0x5\r\nhello\r\n',
    '123456789\r\n', '0\r\nno colon\r\n\r\n', 'f'.repeat(5000), `0\r\n${Array.from({ length: 20 }, (_, index) => `a${index}:b\r\n`).join('')}\r\n`,
  ]
  for (const body of bodies) await t.rejects(decode(new ChunkedPayload(unsigned), body, 3), { code: 'IncompleteBody' }, body.slice(0, 30))
})

t.test('a signed trailer counts only with its signature', async (t) => {
  const withTrailer = { ...example, payloadHash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER' }
  const emptyHash = createHash('sha256').digest('hex')
  const signOf = (...lines: string[]) => createHmac('sha256', example.signingKey).update(lines.join('\n')).digest('hex')
  const scope = '20130524/us-east-1/s3/aws4_request'
  const last = signOf('AWS4-HMAC-SHA256-PAYLOAD', example.timestamp, scope, example.signature, emptyHash, emptyHash)
  const trailerHash = createHash('sha256').update('x-amz-checksum-crc32:AAAAAA==\n').digest('hex')
  const trailerSignature = signOf('AWS4-HMAC-SHA256-TRAILER', example.timestamp, scope, last, trailerHash)
  const body = (checksum: string, signature: string) =>
    `0;chunk-signature=${last}\r\nx-amz-checksum-crc32:${checksum}\r\n${signature}\r\n`
  const payload = new ChunkedPayload(withTrailer)
  t.equal(await decode(payload, body('AAAAAA==', `x-amz-trailer-signature:${trailerSignature}\r\n`), 10), '')
  t.equal(payload.trailers.get('x-amz-checksum-crc32'), 'AAAAAA==')
  const refused = { code: 'SignatureDoesNotMatch' }
  const changed = body('BAAAAA==', `x-amz-trailer-signature:${trailerSignature}\r\n`)
  await t.rejects(decode(new ChunkedPayload(withTrailer), changed, 10), refused)
  await t.rejects(decode(new ChunkedPayload(withTrailer), body('AAAAAA==', ''), 10), refused)
})

t.test('another kind of chunks is not implemented', async (t) => {
  const other = { ...example, payloadHash: 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD' }
  t.throws(() => new ChunkedPayload(other), { code: 'NotImplemented' })
})
