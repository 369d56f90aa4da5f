import { discardUpload } from './discard-upload.js'
import { createContext } from './upload-context.js'
import { beginParts, finishParts, resumeParts } from './upload-in-parts.js'
import type { UploadOptions, UploadedFile } from './upload-options.js'
import { uploadWhole } from './upload-whole.js'

/** A file up to this size is sent whole: if the connection breaks, all of it is sent again. */
const WHOLE_MAX_BYTES = 16 * 1024 ** 2

/**
 * Uploads a file straight to the storage, in a browser or in Node.js (20.19 or later), where `openFile` opens one by its path.
 * A file of more than 16 MiB is sent in parts, several at a time. Transient failures are retried; any other failure rejects,
 * and an upload in parts can then be resumed from what `onBegin` received, until the service aborts it.
 *
 * @throws {UploadError} with the service's code, or one of its own
 * @throws the signal's reason, once the signal has ended the upload
 * @throws TypeError if the file has no name, and `path` gives none
 */
export async function uploadFile (file: Blob, options: UploadOptions): Promise<UploadedFile> {
  const { signal, onBegin, onProgress, resumeFrom, multipart = file.size > WHOLE_MAX_BYTES } = options
  signal?.throwIfAborted()
  const context = createContext(file, options)
  if (!multipart && resumeFrom === undefined) {
    onProgress?.({ sentBytes: 0, sizeBytes: file.size })
    const uploaded = await uploadWhole(file, context)
    onProgress?.({ sentBytes: file.size, sizeBytes: file.size })
    return uploaded
  }

  let begun = resumeFrom
  try {
    const inHand = resumeFrom === undefined
      ? await beginParts(file, context, { ...options, onBegin: (point) => { begun = point; return onBegin?.(point) } })
      : await resumeParts(file, context, resumeFrom)
    return 'point' in inHand ? await finishParts(file, context, inHand, options) : inHand
  } catch (error) {
    if (signal?.aborted === true && options.discardOnAbort === true && begun !== undefined) {
      // If this fails, the service aborts the upload once it counts as abandoned.
      await discardUpload(options.client, begun).catch(() => {})
    }
    throw error
  }
}
