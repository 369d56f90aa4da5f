import { type StoreConnection, type StoreResponse, readErrorCode, readText } from './connection.js'
import { ObjectStorageRefused, ObjectStorageUnavailable } from './failures.js'
import { type StoredPart, readCompletion, readInitiation, readParts } from './multipart-documents.js'
import { type UploadsPage, type UploadsRange, listUploads } from './upload-listing.js'

/** A multipart upload in the store, identified by the store's id for it. */
export interface StoreUpload {
  objectKey: string
  storeUploadId: string
}

/** Why an upload was not completed by the store. */
export type CompletionRefusal =
  /** It was completed or aborted. */
  | 'not-found'
  /** The store has other parts than those named, or one is too small. */
  | 'other-parts'

// Ceph RGW 16 answers with the latter if the parts of such an upload are requested.
const goneCodes = new Set(['NoSuchUpload', 'NoSuchKey'])
const partErrors = new Set(['InvalidPart', 'InvalidPartOrder', 'EntityTooSmall'])
const XML = 'application/xml'

/**
 * Multipart uploads of one bucket (Amazon S3 API Reference). Every method throws ObjectStorageUnavailable when the store does
 * not answer or fails, and ObjectStorageRefused when it refuses this service.
 */
export class MultipartUploads {
  readonly #connection: StoreConnection

  constructor (connection: StoreConnection) {
    this.#connection = connection
  }

  /**
   * Begins an upload of a file with the given type, and returns its id. If the answer is lost, the store keeps an empty upload.
   */
  async initiate (objectKey: string, contentType: string): Promise<string> {
    const response = await this.#connection.request({
      method: 'POST', objectKey, query: { uploads: '' }, headers: { 'content-type': contentType },
    })
    if (response.statusCode !== 200) return await refuse(response)
    return readInitiation(await readText(response))
  }

  /**
   * Lists parts that have arrived, in the order of their numbers.
   *
   * @param options.after only parts with greater numbers
   * @param options.limit the most parts to list, up to 1,000; a store may return fewer
   * @returns undefined if there is no such upload any more
   */
  async listParts (
    { objectKey, storeUploadId }: StoreUpload, { after, limit }: { after: number, limit: number },
  ): Promise<{ parts: StoredPart[], isTruncated: boolean } | undefined> {
    const response = await this.#connection.request({
      method: 'GET',
      objectKey,
      query: { uploadId: storeUploadId, 'max-parts': String(limit), 'part-number-marker': String(after) },
    })
    if (response.statusCode === 200) return readParts(await readText(response))
    return await refuseUnlessGone(response)
  }

  /** Lists unfinished uploads, whoever began them. */
  list (range: UploadsRange): AsyncGenerator<UploadsPage, undefined> {
    return listUploads(this.#connection, range)
  }

  /**
   * Creates the file from its parts. If the answer is lost, the store may have done so: then the file exists, and the upload is
   * not found.
   */
  async complete (
    { objectKey, storeUploadId }: StoreUpload, parts: readonly StoredPart[],
  ): Promise<'completed' | CompletionRefusal> {
    const items = parts.map(({ partNumber, entityTag }) =>
      `<Part><PartNumber>${partNumber}</PartNumber><ETag>"${entityTag}"</ETag></Part>`)
    const response = await this.#connection.request({
      method: 'POST',
      objectKey,
      query: { uploadId: storeUploadId },
      headers: { 'content-type': XML },
      body: `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${items.join('')}</CompleteMultipartUpload>`,
    })
    if (response.statusCode !== 200) return refusalOf(await readErrorCode(response), response.statusCode)
    // The status may be sent before the work is done: then only the body says how that ended.
    const errorCode = readCompletion(await readText(response))
    return errorCode === undefined ? 'completed' : refusalOf(errorCode, response.statusCode)
  }

  /** Aborts an upload and discards its parts; an upload that is gone is not an error. */
  async abort ({ objectKey, storeUploadId }: StoreUpload): Promise<void> {
    const response = await this.#connection.request({ method: 'DELETE', objectKey, query: { uploadId: storeUploadId } })
    if (response.statusCode < 300) await response.body.dump()
    else await refuseUnlessGone(response)
  }
}

function refusalOf (errorCode: string, statusCode: number): CompletionRefusal {
  if (goneCodes.has(errorCode)) return 'not-found'
  if (partErrors.has(errorCode)) return 'other-parts'
  if (statusCode === 200) throw new ObjectStorageUnavailable(`Object storage could not complete an upload: ${errorCode}.`, 1)
  throw new ObjectStorageRefused(errorCode || `status ${statusCode}`)
}

async function refuse (response: StoreResponse): Promise<never> {
  throw new ObjectStorageRefused(await readErrorCode(response) || `status ${response.statusCode}`)
}

async function refuseUnlessGone (response: StoreResponse): Promise<undefined> {
  const errorCode = await readErrorCode(response)
  if (goneCodes.has(errorCode)) return undefined
  throw new ObjectStorageRefused(errorCode || `status ${response.statusCode}`)
}
