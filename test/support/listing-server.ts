import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { Test } from 'tap'
import { listenLocally } from './listen.js'

/** A store that has a listing, and describes its objects on request. */
export interface ListingServer {
  /** Environment variables that point the service at it. */
  environment: Record<string, string>
  /** The `start-after` of every listing that was begun. */
  begun: string[]
  /** The number of pages to answer before the store falls silent; more may be allowed later. */
  allowPages: (count: number) => void
  /** Resolves when a page is requested that is not answered. */
  silent: () => Promise<unknown>
}

const BUCKET = 'objects'
const PAGE_KEYS = 1000

/**
 * Starts a store with one-byte objects, and closes it with the test.
 *
 * @param keys in the order that the store lists them; may be changed meanwhile
 */
export async function startListingServer (t: Pick<Test, 'teardown'>, keys: readonly string[]): Promise<ListingServer> {
  const begun: string[] = []
  const events = new EventEmitter()
  let pagesLeft = Infinity
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://store')
    if (!searchParams.has('list-type')) {
      const key = decodeURIComponent(pathname.slice(`/${BUCKET}/`.length))
      response.statusCode = key === '' || keys.includes(key) ? 200 : 404
      return response.setHeader('etag', '"e"').setHeader('content-length', '1').end()
    }
    const token = searchParams.get('continuation-token')
    const startAfter = searchParams.get('start-after') ?? ''
    const prefix = searchParams.get('prefix') ?? ''
    const found = keys.filter((key) => key.startsWith(prefix) && key > startAfter)
    if (searchParams.has('delimiter')) {
      const prefixes = new Set(found.map((key) => key.slice(0, key.indexOf('/', prefix.length) + 1)))
      return response.end(document('<IsTruncated>false</IsTruncated>' +
        [...prefixes].map((one) => `<CommonPrefixes><Prefix>${encodeURIComponent(one)}</Prefix></CommonPrefixes>`).join('')))
    }
    if (token === null) begun.push(startAfter)
    if (pagesLeft-- <= 0) return events.emit('silent')
    const from = Number(token)
    const isTruncated = from + PAGE_KEYS < found.length
    return response.end(document(`<IsTruncated>${isTruncated}</IsTruncated>` +
      (isTruncated ? `<NextContinuationToken>${from + PAGE_KEYS}</NextContinuationToken>` : '') +
      found.slice(from, from + PAGE_KEYS)
        .map((key) => `<Contents><Key>${encodeURIComponent(key)}</Key><ETag>"e"</ETag><Size>1</Size></Contents>`).join('')))
  })
  const origin = await listenLocally(t, server)
  return {
    environment: {
      S3_ENDPOINT: origin, S3_ACCESS_KEY: 'access', S3_SECRET_KEY: 'secret', S3_BUCKET: BUCKET,
    },
    begun,
    allowPages: (count) => { pagesLeft = count },
    silent: () => once(events, 'silent'),
  }
}

function document (content: string): string {
  return `<ListBucketResult><EncodingType>url</EncodingType>${content}</ListBucketResult>`
}
