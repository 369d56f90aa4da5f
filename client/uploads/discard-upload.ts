import type { ObjectsClient } from '../create-client.js'
import { askService } from './service-answer.js'
import type { ResumePoint } from './upload-options.js'

const PATIENCE = { attempts: 4, timeoutMs: 30_000 }

/**
 * Discards an upload in parts: nothing is left of it, and its place in the quota is released.
 *
 * @throws {UploadError} UPLOAD_COMPLETED if it has become a file by now, UPLOAD_NOT_FOUND if it is not this user's
 */
export async function discardUpload (client: ObjectsClient, { uploadId }: Pick<ResumePoint, 'uploadId'>): Promise<void> {
  await askService({ ...PATIENCE, signal: new AbortController().signal }, async (signal) => {
    const { error, response } = await client.DELETE('/api/v1/objects/uploads', { params: { query: { uploadId } }, signal })
    return { data: response.ok, response, ...error === undefined ? {} : { error } }
  })
}
