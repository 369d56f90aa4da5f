import fc from 'fast-check'
import t from 'tap'
import { type FoundObject, createDownloadLinks, describeLink, downloadUrl } from '../../../downloads/links.js'
import { contentDisposition } from '../../../http/content-disposition.js'
import { FixedCredentials } from '../../../store/credentials.js'
import { createPresign } from '../../../store/presigning.js'

const credentials = new FixedCredentials({ accessKey: 'access', secretKey: 'secret' })
const target = { endpoint: 'http://127.0.0.1:9000', region: 'us-east-1', bucket: 'objects' }
const presign = createPresign({ ...target, credentials })
/** A file that was just found. */
const found = (contentType = 'text/plain'): FoundObject => ({
  contentType, contentEncoding: undefined, sizeBytes: 1, entityTag: '"e"', lastModified: new Date(0), links: {}, checksums: {}, crc32: undefined,
})
const ttl = fc.oneof(fc.integer({ min: 10, max: 604_800 }), fc.integer({ min: 10, max: 30 }))
const instant = fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2100, 0) })

/** The start and end of a pre-signed URL's validity, as the store reads it. */
function validity (url: string): { from: number, until: number } {
  const { searchParams } = new URL(url)
  const iso = (searchParams.get('X-Amz-Date') ?? '').replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  const from = Date.parse(iso)
  return { from, until: from + Number(searchParams.get('X-Amz-Expires')) * 1000 }
}

t.test('a URL is valid already, for at least half the TTL and at most the whole', async () => {
  fc.assert(fc.property(ttl, instant, (ttlSeconds, now) => {
    const { url, expiresAt } = createDownloadLinks(presign, credentials, ttlSeconds)('a', found(), 'attachment', now)
    const { from, until } = validity(url)
    const remainingMs = until - now
    return from <= now && remainingMs >= ttlSeconds * 500 && remainingMs <= ttlSeconds * 1000 && expiresAt.getTime() === until
  }), { numRuns: 2000 })
})

t.test('a URL is the same until the time that it names, and another from then on', async () => {
  fc.assert(fc.property(ttl, instant, (ttlSeconds, now) => {
    const makeLink = createDownloadLinks(presign, credentials, ttlSeconds)
    const file = found()
    const { url, sameUntil } = makeLink('a', file, 'attachment', now)
    const endMs = sameUntil.getTime()
    const urlsAt = (time: number) => [file, found()].map((each) => makeLink('a', each, 'attachment', time).url)
    return endMs > now && urlsAt(endMs - 1).every((same) => same === url) && urlsAt(endMs).every((other) => other !== url)
  }))
})

t.test('a clock that is set back does not make a URL that is not valid yet', async () => {
  fc.assert(fc.property(ttl, instant, fc.integer({ min: 1, max: 1_000_000_000 }), (ttlSeconds, now, backMs) => {
    const makeLink = createDownloadLinks(presign, credentials, ttlSeconds)
    makeLink('a', found(), 'attachment', now)
    return validity(makeLink('a', found(), 'attachment', now - backMs).url).from <= now - backMs
  }))
})

t.test('an invalid type is not passed on to the store', async (t) => {
  const { searchParams } = new URL(createDownloadLinks(presign, credentials, 300)('a', found('text/html\r\nx: y'), 'inline', 0).url)
  t.equal(searchParams.get('response-content-type'), 'application/octet-stream')
})

t.test('the type and the disposition are part of what is signed', async (t) => {
  const makeLink = createDownloadLinks(presign, credentials, 300)
  const { searchParams } = new URL(makeLink('a/b.txt', found(), 'attachment', 0).url)
  t.equal(searchParams.get('response-content-type'), 'text/plain')
  t.equal(searchParams.get('response-content-disposition'), contentDisposition('attachment', 'b.txt'))
  const signature = (file: FoundObject, disposition: 'attachment' | 'inline') =>
    new URL(makeLink('a/b.txt', file, disposition, 0).url).searchParams.get('X-Amz-Signature')
  t.not(signature(found('text/html'), 'attachment'), signature(found(), 'attachment'))
  t.not(signature(found(), 'inline'), signature(found(), 'attachment'))
})

t.test('a link is signed for reading the file, from the start of its window', async (t) => {
  const { url, sameUntil, expiresAt } = createDownloadLinks(presign, credentials, 300)('a/b.txt', found(), 'inline', 100_000)
  t.strictSame([sameUntil, expiresAt], [new Date(150_000), new Date(300_000)])
  t.equal(url, presign({
    method: 'GET',
    objectKey: 'a/b.txt',
    signedAt: new Date(0),
    expiresInSeconds: 300,
    query: { 'response-content-disposition': contentDisposition('inline', 'b.txt'), 'response-content-type': 'text/plain' },
  }))
})

t.test('a file keeps a link of each disposition', async (t) => {
  const makeLink = createDownloadLinks(presign, credentials, 300)
  const file = found()
  const [attachment, inline] = [makeLink('a', file, 'attachment', 0), makeLink('a', file, 'inline', 0)]
  t.not(attachment.url, inline.url)
  t.equal(makeLink('a', file, 'attachment', 1), attachment)
  t.equal(makeLink('a', file, 'inline', 1), inline)
})

t.test('a link is described with the type that the file is sent with', async (t) => {
  const link = { url: 'http://store/a', expiresAt: new Date(300_000), sameUntil: new Date(150_000) }
  t.strictSame(describeLink('acme/workflows/w/runs/r/users/u/outputs/token/a/b.txt', found('no type'), link), {
    url: 'http://store/a',
    expiresAt: '1970-01-01T00:05:00.000Z',
    fileName: 'b.txt',
    path: 'a/b.txt',
    bytes: 1,
    contentType: 'application/octet-stream',
    etag: '"e"',
  })
})

t.test('a download link escapes the key, and all that Markdown or a chat would end the link at', async (t) => {
  t.equal(downloadUrl('https://files.example', 'a/b c&d'), 'https://files.example/api/v1/objects/download?objectKey=a%2Fb%20c%26d')
  t.equal(downloadUrl('https://files.example', 'It\'s (1) *new*!'),
    'https://files.example/api/v1/objects/download?objectKey=It%27s%20%281%29%20%2Anew%2A%21')
})

t.test('a URL ends with the credentials that it is signed with, and says so', async () => {
  fc.assert(fc.property(ttl, instant, fc.integer({ min: 1_000, max: 900_000 }), (ttlSeconds, now, leftMs) => {
    const session = new FixedCredentials({ accessKey: 'access', secretKey: 'secret', sessionToken: 'token', expiresAtMs: now + leftMs })
    const makeLink = createDownloadLinks(createPresign({ ...target, credentials: session }), session, ttlSeconds)
    const { url, expiresAt } = makeLink('a', found(), 'attachment', now)
    const { until } = validity(url)
    const isLongEnough = until > now && until > now + Math.min(leftMs - 1000, ttlSeconds * 500 - 1)
    return until === expiresAt.getTime() && until <= now + leftMs && isLongEnough
  }), { numRuns: 2000 })
})

t.test('a file has another URL as soon as the credentials are replaced', async (t) => {
  const source = new FixedCredentials({ accessKey: 'first', secretKey: 'secret' })
  const makeLink = createDownloadLinks(createPresign({ ...target, credentials: source }), source, 300)
  const file = found()
  const first = makeLink('a', file, 'attachment', 0)
  source.current = { accessKey: 'second', secretKey: 'another', sessionToken: 'a token/+=', expiresAtMs: 200_000 }
  const second = makeLink('a', file, 'attachment', 1)
  t.match(first.url, 'X-Amz-Credential=first%2F')
  t.notMatch(first.url, 'X-Amz-Security-Token')
  t.match(second.url, 'X-Amz-Credential=second%2F')
  t.match(second.url, 'X-Amz-Security-Token=a%20token%2F%2B%3D&')
  t.equal(makeLink('a', file, 'attachment', 2), second)
})
