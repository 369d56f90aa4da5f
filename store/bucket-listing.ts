import { ExponentialBackoff, handleType, retry } from 'cockatiel'
import { withDistinctKeys } from './distinct-keys.js'
import { type ListedObject, MalformedListingError } from './listing-document.js'
import type { ListBucket, ListPrefixes, ListingPage, ListingRange } from './listing-pages.js'
import { readListing, requestListing } from './listing-request.js'
import { seenAt } from './seen-at.js'
import type { StoreConnection, StoreResponse } from './connection.js'
import { describeStoredObject } from './object-storage.js'
import { ObjectStorageRefused, ObjectStorageUnavailable } from './failures.js'

/** Bounds the store's clock: a page must not seem to be newer than changes that came after it. */
export interface TimeKeeping {
  now: () => Date
  /** How far the store's clock may be ahead of `now` and still be trusted. */
  clockSkewMs: number
}

const PAGE_MAX_KEYS = 1000
const RETRIES = 4
const FIRST_RETRY_DELAY_MS = 500
const DELIMITER = '/'

/**
 * Lists a bucket in the order of its keys' UTF-8 bytes (Amazon S3 API Reference, ListObjectsV2). While a page is looked at, the
 * next one is already being requested; no more than these two are in memory. A key that the store repeats is listed once.
 *
 * minio-js's `listObjectsV2` decodes keys whether or not the store encoded them, and so breaks on a bare `%` (8.0.7); nor does
 * it say when the store answered.
 *
 * @returns a function whose iterators throw {DisorderedListingError} if the keys are not in order; {MalformedListingError} if
 *   the answer makes no sense; {ObjectStorageUnavailable}; {ObjectStorageRefused}; and the signal's reason if it is aborted
 */
export function createBucketListing (
  connection: StoreConnection, { now, clockSkewMs }: TimeKeeping = { now: () => new Date(), clockSkewMs: Infinity },
): ListBucket {
  const repeatedly = createRetry()

  const fetchPage = (range: ListingRange, token: string | undefined, signal: AbortSignal) => repeatedly.execute(async () => {
    const [askedAtMs, askedAt] = [performance.now(), now()]
    const response = await requestListing(connection, {
      prefix: range.prefix,
      startAfter: range.startAfter,
      parameters: {
        'max-keys': String(range.pageKeys ?? PAGE_MAX_KEYS),
        ...token === undefined ? {} : { 'continuation-token': token },
      },
      signal,
    })
    // The store may have looked at the keys long before it answered.
    const observedAt = seenAt(new Date(answeredAtMs(response) - Math.ceil(performance.now() - askedAtMs)), askedAt, clockSkewMs)
    return { ...await readListing(connection, response, signal), observedAt }
  }, signal)

  const listPages = async function * (range: ListingRange): AsyncGenerator<ListingPage, undefined> {
    const abandoned = new AbortController()
    const signal = range.signal === undefined ? abandoned.signal : AbortSignal.any([range.signal, abandoned.signal])
    try {
      let next: ReturnType<typeof fetchPage> | undefined = fetchPage(range, undefined, signal)
      while (next !== undefined) {
        const { objects, observedAt, nextToken }: Awaited<typeof next> = await next
        const fetchNext = (): typeof next => nextToken === undefined ? undefined : fetchPage(range, nextToken, signal)
        // A caller that asks for few keys wants no more, and abandoning a request would close its connection.
        const ahead = range.pageKeys === undefined ? fetchNext() : undefined
        // It may fail before anyone awaits it.
        ahead?.catch(() => {})
        yield { objects, observedAt, isLast: nextToken === undefined }
        next = ahead ?? fetchNext()
      }
    } finally {
      abandoned.abort()
    }
  }

  const ask = async (listed: ListedObject, signal: AbortSignal | undefined): Promise<ListedObject | undefined> => {
    const { objectKey } = listed
    const response = await repeatedly.execute(
      () => connection.request({ method: 'HEAD', objectKey, ...signal === undefined ? {} : { signal } }), signal)
    await response.body.dump()
    if (response.statusCode === 404) return undefined
    // An upload's sender may have made the file unreadable to the bucket's owner; nothing more can be found out about it.
    if (response.statusCode === 403) return listed
    if (response.statusCode !== 200) throw new ObjectStorageRefused(`status ${response.statusCode}`)
    const { sizeBytes, entityTag } = describeStoredObject(response)
    return { objectKey, sizeBytes, entityTag: entityTag.replaceAll('"', '') || undefined }
  }

  return (range) => withDistinctKeys(listPages(range), range, (listed) => ask(listed, range.signal))
}

/**
 * Lists the prefixes of a bucket's keys up to their first slash, whatever their order.
 *
 * @returns a function whose iterators throw as those of `createBucketListing` do, except for disorder
 */
export function createPrefixListing (connection: StoreConnection): ListPrefixes {
  const repeatedly = createRetry()
  return async function * ({ prefix, signal }) {
    let token: string | undefined
    do {
      const { prefixes, nextToken } = await repeatedly.execute(async () => {
        const response = await requestListing(connection, {
          prefix,
          parameters: { delimiter: DELIMITER, ...token === undefined ? {} : { 'continuation-token': token } },
          signal,
        })
        return await readListing(connection, response, signal)
      }, signal)
      token = nextToken
      yield prefixes
    } while (token !== undefined)
  }
}

function createRetry () {
  return retry(handleType(ObjectStorageUnavailable), {
    maxAttempts: RETRIES, backoff: new ExponentialBackoff({ initialDelay: FIRST_RETRY_DELAY_MS }),
  })
}

function answeredAtMs ({ headers: { date } }: StoreResponse): number {
  const answeredAt = Date.parse(String(date))
  if (Number.isNaN(answeredAt)) throw new MalformedListingError('The object storage\'s listing cannot be read: it has no date.')
  return answeredAt
}
