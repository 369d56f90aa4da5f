import { askService } from './service-answer.js'
import { putToStore } from './store-put.js'
import { retrying } from './retries.js'
import type { UploadContext } from './upload-context.js'
import { UploadError, hasCode } from './upload-error.js'
import type { UploadedFile } from './upload-options.js'

/** How many URLs are tried, in case one expires. */
const URLS_MAX = 3

interface WholeUpload {
  objectKey: string
  url: string
  headers: Record<string, string>
}

/**
 * Uploads a file with a single PUT, to a URL that works only once: if an answer was lost, a 412 from the storage says that the
 * file has arrived.
 */
export async function uploadWhole (file: Blob, context: UploadContext): Promise<UploadedFile> {
  const { client, patience, request } = context
  for (let count = 1; ; count++) {
    const upload = await askService(patience, (signal) =>
      client.POST('/api/v1/objects/uploads', { body: { ...request, ifAbsent: true }, signal }))
    try {
      await putOrFind(file, upload, context)
      const { objectKey, downloadUrl } = upload
      return { objectKey, sizeBytes: file.size, downloadUrl }
    } catch (error) {
      if (!hasCode(error, 'STORE_REFUSED') || count === URLS_MAX) throw error
    }
  }
}

/** Puts the file, unless a PUT whose answer was lost has already done so. */
async function putOrFind (file: Blob, upload: WholeUpload, context: UploadContext): Promise<void> {
  const { patience, fetch } = context
  const { url, headers } = upload
  let mayHaveArrived = false
  try {
    await retrying(patience, async () => {
      try {
        await putToStore(patience, { url, headers, body: file, fetch })
      } catch (error) {
        if (error instanceof UploadError && (error.isTransient || error.code === 'PRECONDITION_FAILED')) mayHaveArrived = true
        throw error
      }
    })
  } catch (error) {
    patience.signal.throwIfAborted()
    if (!mayHaveArrived || !await hasArrived(file, upload, context)) throw error
  }
}

/** @throws {UploadError} OTHER_FILE_STORED */
async function hasArrived (file: Blob, { objectKey }: WholeUpload, { client, patience }: UploadContext): Promise<boolean> {
  try {
    const { bytes } = await askService(patience, (signal) =>
      client.GET('/api/v1/objects/download', { params: { query: { objectKey } }, signal }))
    if (bytes === file.size) return true
  } catch (error) {
    if (hasCode(error, 'OBJECT_NOT_FOUND')) return false
    throw error
  }
  throw new UploadError('OTHER_FILE_STORED', 'The storage has a file of another size there.')
}
