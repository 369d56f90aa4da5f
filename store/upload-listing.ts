import { type StoreConnection, readErrorCode, readText } from './connection.js'
import { MalformedListingError } from './listing-document.js'
import { ObjectStorageRefused } from './failures.js'
import { type ListedUpload, type UploadMarker, readUploads } from './multipart-documents.js'

/** Which unfinished uploads to list. */
export interface UploadsRange {
  /** Of their keys; empty for all of the service's. */
  prefix: string
  /** Uploads per page, at most 1,000; by default 1,000. */
  pageUploads?: number
  signal?: AbortSignal
}

/** Some of the unfinished uploads. */
export interface UploadsPage {
  uploads: ListedUpload[]
  /** When the store answered, by its own clock, to the second. */
  answeredAt: Date
}

const PAGE_MAX_UPLOADS = 1_000

/**
 * Lists unfinished uploads page by page (Amazon S3 API Reference, ListMultipartUploads), in the store's order. A page is
 * yielded once the next one is there, so that it does not matter if the uploads that it ends with are then aborted.
 *
 * @throws {ObjectStorageUnavailable} {ObjectStorageRefused} {MalformedListingError} if the listing would never end; the
 *   signal's reason
 */
export async function * listUploads (
  connection: StoreConnection, { prefix, pageUploads = PAGE_MAX_UPLOADS, signal }: UploadsRange,
): AsyncGenerator<UploadsPage, undefined> {
  const { keyPrefix } = connection
  const ask = async (markers: Record<string, string>) => await connection.request({
    method: 'GET',
    objectKey: '',
    query: {
      uploads: '',
      'max-uploads': String(pageUploads),
      ...keyPrefix + prefix === '' ? {} : { prefix: keyPrefix + prefix },
      ...markers,
    },
    ...signal === undefined ? {} : { signal },
  })
  const fetchPage = async (after: UploadMarker | undefined) => {
    const afterKey = after === undefined ? {} : { 'key-marker': after.key }
    const uploadId = after?.uploadId ?? ''
    let response = await ask(uploadId === '' ? afterKey : { ...afterKey, 'upload-id-marker': uploadId })
    if (response.statusCode === 400 && uploadId !== '') {
      // versitygw 1.8.0 refuses the ids that it names itself. Then any further uploads of the page's last key are left out.
      await response.body.dump()
      response = await ask(afterKey)
    }
    if (response.statusCode !== 200) throw new ObjectStorageRefused(await readErrorCode(response) || `status ${response.statusCode}`)
    const answeredAt = new Date(String(response.headers.date))
    if (Number.isNaN(answeredAt.getTime())) throw new ObjectStorageRefused('its list of uploads has no date')
    return { ...readUploads(await readText(response, signal), keyPrefix), answeredAt }
  }

  for (let page = await fetchPage(undefined); ;) {
    const { uploads, answeredAt, next } = page
    const following = next === undefined ? undefined : await fetchPage(next)
    yield { uploads, answeredAt }
    if (following === undefined) return
    if (following.next !== undefined && following.next.key === next?.key && following.next.uploadId === next.uploadId) {
      throw new MalformedListingError('The object storage\'s list of unfinished uploads does not go on.')
    }
    page = following
  }
}
