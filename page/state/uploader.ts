import { BasePlugin, type PluginOpts } from '@uppy/core'
import type { RateLimitedQueue } from '@uppy/utils'
import type { ObjectsClient } from '../../client/index.js'
import { uploadFile } from '../../client/uploads/upload-file.js'
import type { ResumePoints } from './resume-points.js'
import type { UploadTarget } from './uploads.js'

/** What Uppy keeps of a file beside its name, type and bytes. */
export interface UploadMeta {
  /** Below the run. */
  path: string
  target: UploadTarget
  lastModified: number
  [key: string]: unknown
}

/** What Uppy keeps of a failure beside its message. */
export interface FailureBody {
  code: string | undefined
  [key: string]: unknown
}

/** What the uploaders of all Uppys share. */
export interface UploaderOptions extends PluginOpts {
  client: ObjectsClient
  points: ResumePoints
  /** How many files are sent at once. */
  turns: RateLimitedQueue
  /** The ids of those that are being sent. */
  sending: Set<string>
  /** Ends what is being sent, and what waits if it asked for the signal before. */
  signal: () => AbortSignal
}

/**
 * Sends an Uppy's files with the project's own client, which knows the service's uploads: how parts are continued, what a
 * conflict means, what is worth another try, and which size is reserved.
 */
export class Uploader extends BasePlugin<UploaderOptions, UploadMeta, FailureBody> {
  override id = 'Uploader'
  override type = 'uploader'

  override install (): void {
    this.uppy.addUploader(async (ids) => {
      const signal = this.opts.signal()
      const send = this.opts.turns.wrapPromiseFunction((id: string) => this.#send(id, signal))
      await Promise.all(ids.map((id) => send(id)))
    })
  }

  /** Tells Uppy how it goes, and never rejects. */
  async #send (id: string, signal: AbortSignal): Promise<void> {
    const { client, points, sending } = this.opts
    const file = this.#find(id)
    // It may have been removed while it waited.
    if (file === undefined || !(file.data instanceof Blob)) return
    const { path, target: { workflowId, runId, direction }, lastModified } = file.meta
    const upload = { path, target: file.meta.target, sizeBytes: file.data.size, lastModified }
    sending.add(id)
    this.uppy.emit('upload-start', [file])
    try {
      await uploadFile(file.data, {
        client,
        workflowId,
        runId,
        direction,
        path,
        signal,
        resumeFrom: points.find(upload),
        onBegin: (point) => { points.keep(upload, point) },
        onProgress: ({ sentBytes }) => { this.#tellProgress(id, sentBytes) },
      })
      points.forget(upload)
    } catch (error) {
      sending.delete(id)
      const { message, code, status } = describe(error)
      // An upload that the service has given up begins again.
      if (code === 'UPLOAD_NOT_FOUND') points.forget(upload)
      if (points.find(upload) === undefined) this.#tellProgress(id, 0)
      const failed = this.#find(id)
      if (failed !== undefined) this.uppy.emit('upload-error', failed, { name: 'UploadError', message }, { status, body: { code } })
      return
    }
    sending.delete(id)
    this.uppy.emit('upload-success', this.#find(id), { status: 200 })
  }

  #tellProgress (id: string, bytesUploaded: number): void {
    const file = this.#find(id)
    if (file === undefined) return
    this.uppy.emit('upload-progress', file, { uploadStarted: file.progress.uploadStarted ?? 0, bytesUploaded, bytesTotal: file.size })
  }

  /** Undefined for a file that has been removed. */
  #find (id: string): ReturnType<typeof this.uppy.getFile> | undefined {
    return this.uppy.getFile(id)
  }
}

/** The status is 0 where there was no answer. */
function describe (error: unknown): { message: string, code: string | undefined, status: number } {
  if (!(error instanceof Error)) return { message: String(error), code: undefined, status: 0 }
  return {
    message: error.message,
    code: 'code' in error && typeof error.code === 'string' ? error.code : undefined,
    status: 'status' in error && typeof error.status === 'number' ? error.status : 0,
  }
}
