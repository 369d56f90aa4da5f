import fc from 'fast-check'
import t from 'tap'
import { createDownloadLinks } from '../../../downloads/links.js'
import { createPresign } from '../../../store/presigning.js'

const presign = createPresign({
  endpoint: 'http://127.0.0.1:9000', region: 'us-east-1', bucket: 'objects', accessKey: 'access', secretKey: 'secret',
})
const pinned = { contentDisposition: 'attachment; filename=a.txt', contentType: 'text/plain' }
const ttl = fc.oneof(fc.integer({ min: 10, max: 604_800 }), fc.integer({ min: 10, max: 30 }))
const instant = fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2100, 0) })

/** When a pre-signed URL begins and ends to be valid, as the store reads it. */
function validity (url: string): { from: number, until: number } {
  const { searchParams } = new URL(url)
  const iso = (searchParams.get('X-Amz-Date') ?? '').replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  const from = Date.parse(iso)
  return { from, until: from + Number(searchParams.get('X-Amz-Expires')) * 1000 }
}

t.test('a URL is valid already, for at least half the TTL and at most the whole', async () => {
  fc.assert(fc.property(ttl, instant, (ttlSeconds, now) => {
    const { url, expiresAt } = createDownloadLinks(presign, ttlSeconds)('a', pinned, now)
    const { from, until } = validity(url)
    const remainingMs = until - now
    return from <= now && remainingMs >= ttlSeconds * 500 && remainingMs <= ttlSeconds * 1000 && expiresAt.getTime() === until
  }), { numRuns: 2000 })
})

t.test('a URL is the same until the time that it names, and another from then on', async () => {
  fc.assert(fc.property(ttl, instant, (ttlSeconds, now) => {
    const makeLink = createDownloadLinks(presign, ttlSeconds)
    const { url, sameUntil } = makeLink('a', pinned, now)
    const endMs = sameUntil.getTime()
    return endMs > now && makeLink('a', pinned, endMs - 1).url === url && makeLink('a', pinned, endMs).url !== url
  }))
})

t.test('the type and the disposition are part of what is signed', async (t) => {
  const makeLink = createDownloadLinks(presign, 300)
  const { searchParams } = new URL(makeLink('a', pinned, 0).url)
  t.equal(searchParams.get('response-content-type'), pinned.contentType)
  t.equal(searchParams.get('response-content-disposition'), pinned.contentDisposition)
  const signature = (contentType: string) => new URL(makeLink('a', { ...pinned, contentType }, 0).url).searchParams.get('X-Amz-Signature')
  t.not(signature('text/html'), signature('text/plain'))
})
