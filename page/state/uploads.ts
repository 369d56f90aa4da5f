import { useEffect, useState } from 'preact/hooks'
import type { ObjectsClient } from '../../client/index.js'
import type { Direction } from './answers.js'
import { announceChange } from './changes.js'
import type { ChosenFile } from './dropped-files.js'
import type { ResumePoints } from './resume-points.js'

const PARALLEL = 3
/** While many files are sent, figures are read again no more often than this. */
const ANNOUNCE_MS = 3_000

/** Where files are put. */
export interface UploadTarget {
  workflowId: string
  runId: string
  direction: Direction
  /** Empty, or ending with a slash. */
  folder: string
}

/** A file on its way, or that did not arrive. */
export interface Upload extends ChosenFile {
  target: UploadTarget
  state: 'waiting' | 'sending' | 'failed'
  sentBytes: number
  failure?: { message: string, code: string | undefined }
}

/** What is known of all uploads since the list was last dismissed. */
export interface UploadSummary {
  fileCount: number
  doneCount: number
  sizeBytes: number
  sentBytes: number
  sending: readonly Upload[]
  failed: readonly Upload[]
  isBusy: boolean
}

const nothing: UploadSummary = {
  fileCount: 0, doneCount: 0, sizeBytes: 0, sentBytes: 0, sending: [], failed: [], isBusy: false,
}

/**
 * Sends files, a few at a time, wherever in the page one goes meanwhile. What fails for good is kept, to be tried again: one in
 * parts then continues where it stopped, even if it is chosen again after a reload.
 */
export class Uploads {
  readonly #client: ObjectsClient
  readonly #points: ResumePoints
  readonly #onRefused: (message: string) => void
  #waiting: Upload[] = []
  #sending = new Set<Upload>()
  #failed: Upload[] = []
  #doneCount = 0
  #doneBytes = 0
  #ending = new AbortController()
  #announcedAt = 0
  #listeners = new Set<(summary: UploadSummary) => void>()
  #isDue = false

  /** @param onRefused called when the service no longer accepts the token */
  constructor (client: ObjectsClient, points: ResumePoints, onRefused: (message: string) => void) {
    this.#client = client
    this.#points = points
    this.#onRefused = onRefused
    window.addEventListener('beforeunload', (event) => { if (this.#sending.size > 0) event.preventDefault() })
  }

  listen (listener: (summary: UploadSummary) => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  add (files: readonly ChosenFile[], target: UploadTarget): void {
    for (const { file, path } of files) {
      this.#waiting.push({ file, path: target.folder + path, target, state: 'waiting', sentBytes: 0 })
    }
    this.#work()
  }

  retry (uploads: readonly Upload[]): void {
    this.#failed = this.#failed.filter((upload) => !uploads.includes(upload))
    this.#waiting.push(...uploads)
    this.#work()
  }

  /** Ends all; those that were being sent can be continued. */
  cancel (message: string): void {
    for (const upload of this.#waiting) this.#fail(upload, { message, code: undefined })
    this.#waiting = []
    this.#ending.abort(new Error(message))
    this.#ending = new AbortController()
    this.#tell()
  }

  /** Ends all, and keeps nothing of them. */
  forget (): void {
    this.cancel('')
    this.#points.forgetAll()
    this.#sending.clear()
    this.dismiss()
  }

  dismiss (): void {
    this.#failed = []
    this.#doneCount = 0
    this.#doneBytes = 0
    this.#tell()
  }

  get summary (): UploadSummary {
    const sending = [...this.#sending]
    const pending = [...sending, ...this.#waiting, ...this.#failed]
    if (pending.length + this.#doneCount === 0) return nothing
    return {
      fileCount: this.#doneCount + pending.length,
      doneCount: this.#doneCount,
      sizeBytes: this.#doneBytes + pending.reduce((sum, { file }) => sum + file.size, 0),
      sentBytes: this.#doneBytes + pending.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
      sending,
      failed: [...this.#failed],
      isBusy: sending.length + this.#waiting.length > 0,
    }
  }

  #work (): void {
    while (this.#sending.size < PARALLEL) {
      const upload = this.#waiting.shift()
      if (upload === undefined) break
      this.#sending.add(upload)
      this.#send(upload, this.#ending.signal).catch((error: unknown) => {
        // What was forgotten is no failure.
        if (!this.#sending.has(upload)) return
        this.#fail(upload, describe(error))
        if (statusOf(error) === 401) this.#onRefused(describe(error).message)
      }).finally(() => {
        this.#sending.delete(upload)
        this.#work()
        this.#announce()
      })
    }
    this.#tell()
  }

  async #send (upload: Upload, signal: AbortSignal): Promise<void> {
    upload.state = 'sending'
    delete upload.failure
    const { file, path, target: { workflowId, runId, direction } } = upload
    // Loaded once there is something to upload.
    const { uploadFile } = await import('../../client/uploads/upload-file.js')
    await uploadFile(file, {
      client: this.#client,
      workflowId,
      runId,
      direction,
      path,
      signal,
      resumeFrom: this.#points.find(upload),
      onBegin: (point) => { this.#points.keep(upload, point) },
      onProgress: ({ sentBytes }) => {
        upload.sentBytes = sentBytes
        this.#tell()
      },
    })
    this.#points.forget(upload)
    this.#doneCount++
    this.#doneBytes += file.size
  }

  #fail (upload: Upload, failure: { message: string, code: string | undefined }): void {
    upload.state = 'failed'
    upload.failure = failure
    // What the service has given up is begun anew.
    if (failure.code === 'UPLOAD_NOT_FOUND') this.#points.forget(upload)
    if (this.#points.find(upload) === undefined) upload.sentBytes = 0
    this.#failed.push(upload)
  }

  #announce (): void {
    const now = performance.now()
    if (this.#sending.size > 0 && now - this.#announcedAt < ANNOUNCE_MS) return
    this.#announcedAt = now
    announceChange()
  }

  /** Tells how far all have come, once before the next picture is drawn. */
  #tell (): void {
    if (this.#isDue) return
    this.#isDue = true
    requestAnimationFrame(() => {
      this.#isDue = false
      const { summary } = this
      for (const listener of this.#listeners) listener(summary)
    })
  }
}

/** How far the uploads have come, now and after each change. */
export function useUploads (uploads: Uploads): UploadSummary {
  const [summary, setSummary] = useState(uploads.summary)
  useEffect(() => uploads.listen(setSummary), [uploads])
  return summary
}

function describe (error: unknown): { message: string, code: string | undefined } {
  if (!(error instanceof Error)) return { message: String(error), code: undefined }
  return { message: error.message, code: 'code' in error && typeof error.code === 'string' ? error.code : undefined }
}

function statusOf (error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : undefined
}
