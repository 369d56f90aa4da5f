import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { Test } from 'tap'

/** A store that has a listing, and nothing else. */
export interface ListingServer {
  /** Environment variables that point the service at it. */
  environment: Record<string, string>
  /** `start-after` of every listing that was begun. */
  begun: string[]
  /** Pages that are answered before the store falls silent; more may be allowed later. */
  allowPages: (count: number) => void
  /** Resolves when a page is asked for that is not answered. */
  silent: () => Promise<unknown>
}

const PAGE_KEYS = 1000

/** Starts a store with objects of one byte, whose keys are in order, and closes it with the test. */
export async function startListingServer (t: Pick<Test, 'teardown'>, keys: readonly string[]): Promise<ListingServer> {
  const begun: string[] = []
  const events = new EventEmitter()
  let pagesLeft = Infinity
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://store')
    if (!searchParams.has('list-type')) return response.end()
    const token = searchParams.get('continuation-token')
    const startAfter = searchParams.get('start-after') ?? ''
    if (token === null) begun.push(startAfter)
    if (pagesLeft-- <= 0) return events.emit('silent')
    const prefix = searchParams.get('prefix') ?? ''
    const from = token === null ? keys.findIndex((key) => key > startAfter && key.startsWith(prefix)) : Number(token)
    const page = from < 0 ? [] : keys.slice(from, from + PAGE_KEYS)
    const isTruncated = from >= 0 && from + PAGE_KEYS < keys.length
    return response.end('<ListBucketResult><EncodingType>url</EncodingType>' +
      `<IsTruncated>${isTruncated}</IsTruncated>` +
      (isTruncated ? `<NextContinuationToken>${from + PAGE_KEYS}</NextContinuationToken>` : '') +
      page.map((key) => `<Contents><Key>${encodeURIComponent(key)}</Key><ETag>"e"</ETag><Size>1</Size></Contents>`).join('') +
      '</ListBucketResult>')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    environment: {
      S3_ENDPOINT: `http://127.0.0.1:${port}`, S3_ACCESS_KEY: 'access', S3_SECRET_KEY: 'secret', S3_BUCKET: 'objects',
    },
    begun,
    allowPages: (count) => { pagesLeft = count },
    silent: () => once(events, 'silent'),
  }
}
