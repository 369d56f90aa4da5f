import { useEffect, useState } from 'preact/hooks'
import type { ObjectsClient } from '../../client/index.js'
import { strings } from '../text/strings.js'
import type { Direction } from './answers.js'
import { announceChange } from './changes.js'
import type { ChosenFile } from './dropped-files.js'
import type { ResumePoints } from './resume-points.js'
import type { UploadQueue } from './upload-queue.js'

/** Where files are put. */
export interface UploadTarget {
  workflowId: string
  runId: string
  direction: Direction
  /** Empty, or ending with a slash. */
  folder: string
}

/** A file with the path that it has below its run. */
export interface PlacedFile extends ChosenFile {
  target: UploadTarget
}

/** A file that did not arrive. */
export interface FailedUpload {
  path: string
  sizeBytes: number
  failure: { message: string, code: string | undefined }
}

/** What is known about all uploads since the list was last dismissed. */
export interface UploadSummary {
  fileCount: number
  doneCount: number
  sizeBytes: number
  sentBytes: number
  /** The paths of those that are on their way. */
  sending: readonly string[]
  failed: readonly FailedUpload[]
  isBusy: boolean
}

/**
 * Sends files, a few at a time, while the reader goes anywhere in the page. Those that fail for good are kept, to be tried
 * again: one in parts then continues where it stopped, even if it is chosen again after a reload. The code that sends them is
 * loaded with the first.
 */
export class Uploads {
  readonly #client: ObjectsClient
  readonly #points: ResumePoints
  readonly #onRefused: (message: string) => void
  #queue: UploadQueue | undefined
  /** What was chosen before the queue was there. */
  #early: PlacedFile[] = []
  #isLoading = false
  /** Why what was chosen is to end once the queue is there. */
  #cancelled: string | undefined
  #listeners = new Set<(summary: UploadSummary) => void>()
  #isDue = false

  /** @param onRefused called when the service no longer accepts the token */
  constructor (client: ObjectsClient, points: ResumePoints, onRefused: (message: string) => void) {
    this.#client = client
    this.#points = points
    this.#onRefused = onRefused
  }

  listen (listener: (summary: UploadSummary) => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  add (files: readonly ChosenFile[], target: UploadTarget): void {
    for (const { file, path } of files) this.#early.push({ file, path: target.folder + path, target })
    this.#work()
  }

  /** Tries all failed files again. */
  retry (): void {
    this.#cancelled = undefined
    this.#queue?.retry()
    this.#work()
  }

  /** Ends all; those that were being sent can be continued. */
  cancel (message: string): void {
    if (this.#queue === undefined) this.#cancelled = message
    else this.#queue.cancel(message)
  }

  /** Ends all, and forgets them. */
  forget (): void {
    this.#early = []
    this.#queue?.forget()
    this.#points.forgetAll()
    this.#tell()
  }

  dismiss (): void {
    this.#early = []
    this.#queue?.dismiss()
    this.#tell()
  }

  get summary (): UploadSummary {
    if (this.#queue !== undefined) return this.#queue.summary
    const failure = { message: strings.errors.noAnswer, code: 'NETWORK_FAILED' }
    return {
      fileCount: this.#early.length,
      doneCount: 0,
      sizeBytes: this.#early.reduce((sum, { file }) => sum + file.size, 0),
      sentBytes: 0,
      sending: [],
      failed: this.#isLoading ? [] : this.#early.map(({ file, path }) => ({ path, sizeBytes: file.size, failure })),
      isBusy: this.#isLoading,
    }
  }

  async #work (): Promise<void> {
    this.#tell()
    const loaded = this.#queue ?? await this.#loadQueue()
    this.#queue ??= loaded
    this.#tell()
    if (this.#queue === undefined) return
    this.#queue.add(this.#early.splice(0))
    if (this.#cancelled !== undefined) this.#queue.cancel(this.#cancelled)
    this.#cancelled = undefined
  }

  /** Undefined while that is under way, and if it fails. */
  async #loadQueue (): Promise<UploadQueue | undefined> {
    if (this.#isLoading) return undefined
    this.#isLoading = true
    try {
      const loaded = await import('./upload-queue.js')
      return new loaded.UploadQueue({
        client: this.#client,
        points: this.#points,
        onRefused: this.#onRefused,
        onChange: () => { this.#tell() },
        onArrival: announceChange,
      })
    } catch {
      return undefined
    } finally {
      this.#isLoading = false
    }
  }

  /** Reports the progress of all, once before the next frame is drawn. */
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
