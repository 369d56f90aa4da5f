import { type StoreConnection, type StoreResponse, readErrorCode } from './connection.js'
import { ObjectStorageRefused } from './failures.js'

/**
 * Asks for a page of the bucket's listing (Amazon S3 API Reference, ListObjectsV2), with its keys encoded.
 *
 * @param query what the page is of
 * @throws {ObjectStorageRefused} where the answer is not a listing; what `connection.request` throws
 */
export async function requestListing (
  connection: StoreConnection, query: Record<string, string>, signal?: AbortSignal,
): Promise<StoreResponse> {
  const response = await connection.request({
    method: 'GET',
    objectKey: '',
    query: { 'list-type': '2', 'encoding-type': 'url', ...query },
    ...signal === undefined ? {} : { signal },
  })
  if (response.statusCode !== 200) {
    throw new ObjectStorageRefused(await readErrorCode(response) || `status ${response.statusCode}`)
  }
  return response
}
