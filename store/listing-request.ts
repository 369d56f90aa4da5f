import { type StoreConnection, type StoreResponse, readErrorCode, readText } from './connection.js'
import { ObjectStorageRefused } from './failures.js'
import { type ListingDocument, readListingDocument } from './listing-document.js'

/** What a page of a listing covers. */
interface ListingQuery {
  /** Empty for every object of the service. */
  prefix: string
  /** Only keys after this one; by default all. */
  startAfter?: string
  /** Further parameters of ListObjectsV2. */
  parameters?: Record<string, string>
  signal?: AbortSignal | undefined
}

/**
 * Requests a page of the bucket's listing (Amazon S3 API Reference, ListObjectsV2), with its keys encoded; only for keys below
 * the connection's `keyPrefix`.
 *
 * @throws {ObjectStorageRefused} if the answer is not a listing; what `connection.request` throws
 */
export async function requestListing (
  connection: StoreConnection, { prefix, startAfter = '', parameters = {}, signal }: ListingQuery,
): Promise<StoreResponse> {
  const { keyPrefix } = connection
  const response = await connection.request({
    method: 'GET',
    objectKey: '',
    query: {
      'list-type': '2',
      'encoding-type': 'url',
      ...keyPrefix + prefix === '' ? {} : { prefix: keyPrefix + prefix },
      ...startAfter === '' ? {} : { 'start-after': keyPrefix + startAfter },
      ...parameters,
    },
    ...signal === undefined ? {} : { signal },
  })
  if (response.statusCode !== 200) {
    throw new ObjectStorageRefused(await readErrorCode(response) || `status ${response.statusCode}`)
  }
  return response
}

/**
 * Reads the answer to `requestListing`, with keys as the service knows them.
 *
 * @throws {MalformedListingError} if it makes no sense; what `readText` throws
 */
export async function readListing (
  connection: StoreConnection, response: StoreResponse, signal?: AbortSignal,
): Promise<ListingDocument> {
  return readListingDocument(await readText(response, signal), connection.keyPrefix)
}
