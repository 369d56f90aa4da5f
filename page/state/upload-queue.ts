import Uppy from '@uppy/core'
import { RateLimitedQueue } from '@uppy/utils'
import type { ObjectsClient } from '../../client/index.js'
import type { ResumePoints } from './resume-points.js'
import { type FailureBody, type UploadMeta, Uploader, type UploaderOptions } from './uploader.js'
import type { FailedUpload, PlacedFile, UploadSummary } from './uploads.js'

const PARALLEL = 3
/**
 * How many files an Uppy has. For each one that is added or moves, it copies the list of all: 10,000 in one would stop the page
 * for half a minute.
 */
const FILES_OF_UPPY = 100
/** While many files are sent, figures are read again no more often than this. */
const ANNOUNCE_MS = 3_000

type PageUppy = Uppy<UploadMeta, FailureBody>

export interface UploadQueueOptions {
  client: ObjectsClient
  points: ResumePoints
  /** Called when the service no longer accepts the token. */
  onRefused: (message: string) => void
  /** Called after each step of a file. */
  onChange: () => void
  /** Called when figures should be read again. */
  onArrival: () => void
}

/**
 * Sends files with Uppy, a hundred in each, and a few at a time over all. Files that have arrived are counted and
 * released, so that only waiting and failed ones are kept, as the browser's references to them.
 */
export class UploadQueue {
  readonly #options: UploadQueueOptions
  readonly #shared: UploaderOptions
  #uppys: PageUppy[] = []
  #fileCount = 0
  #doneCount = 0
  #doneBytes = 0
  #ending = new AbortController()
  #announcedAt = 0
  #isUnannounced = false

  constructor (options: UploadQueueOptions) {
    this.#options = options
    this.#shared = {
      client: options.client,
      points: options.points,
      turns: new RateLimitedQueue(PARALLEL),
      sending: new Set(),
      signal: () => this.#ending.signal,
    }
    window.addEventListener('beforeunload', (event) => { if (this.#shared.sending.size > 0) event.preventDefault() })
  }

  add (files: readonly PlacedFile[]): void {
    for (let start = 0; start < files.length; start += FILES_OF_UPPY) {
      const uppy = this.#createUppy()
      this.#uppys.push(uppy)
      uppy.addFiles(files.slice(start, start + FILES_OF_UPPY).map(({ file, path, target }) => ({
        name: file.name, type: file.type, data: file, meta: { path, target, lastModified: file.lastModified },
      })))
      uppy.upload()
    }
  }

  /** Tries all failed files again. */
  retry (): void {
    for (const uppy of this.#uppys) if (uppy.getFiles().some(hasFailed)) uppy.retryAll()
  }

  /** Ends all; they then count as failed. */
  cancel (message: string): void {
    this.#ending.abort(new Error(message))
    this.#ending = new AbortController()
  }

  /** Ends all, and forgets them. */
  forget (): void {
    this.cancel('')
    this.#letGo(() => true)
    this.#doneCount = this.#doneBytes = 0
  }

  /** Forgets what has arrived or failed. */
  dismiss (): void {
    this.#letGo(isOver)
    this.#doneCount = this.#doneBytes = 0
  }

  get summary (): UploadSummary {
    const summary = {
      fileCount: this.#doneCount,
      doneCount: this.#doneCount,
      sizeBytes: this.#doneBytes,
      sentBytes: this.#doneBytes,
      isBusy: false,
    }
    const sending: string[] = []
    const failed: FailedUpload[] = []
    for (const file of this.#files()) {
      const { id, meta: { path }, size, progress, error, response } = file
      const sizeBytes = size ?? 0
      summary.fileCount++
      summary.sizeBytes += sizeBytes
      summary.sentBytes += progress.bytesUploaded === false ? 0 : progress.bytesUploaded
      if (hasArrived(file)) summary.doneCount++
      else if (hasFailed(file)) failed.push({ path, sizeBytes, failure: { message: error ?? '', code: response?.body?.code } })
      else summary.isBusy = true
      if (this.#shared.sending.has(id)) sending.push(path)
    }
    return { ...summary, sending, failed }
  }

  #createUppy (): PageUppy {
    const uppy: PageUppy = new Uppy({
      // Uppy takes files whose names differ only by case for the same file.
      onBeforeFileAdded: (file) => ({ ...file, id: String(++this.#fileCount) }),
      // It would name files to the console.
      logger: { debug: () => {}, warn: () => {}, error: () => {} },
    })
    uppy.use(Uploader, this.#shared)
    uppy.on('state-update', this.#options.onChange)
    uppy.on('upload-success', () => { this.#announceInTime() })
    uppy.on('upload-error', (_file, { message }, response) => {
      if (response?.status === 401) this.#options.onRefused(message)
      this.#announceInTime()
    })
    uppy.on('complete', () => {
      this.#countArrived()
      if (this.#isUnannounced && this.#files().every(isOver)) this.#announce()
    })
    return uppy
  }

  #countArrived (): void {
    const arrived = this.#files().filter(hasArrived)
    this.#doneCount += arrived.length
    this.#doneBytes += arrived.reduce((sum, { size }) => sum + (size ?? 0), 0)
    this.#letGo(hasArrived)
  }

  #files (): UploadFile[] {
    return this.#uppys.flatMap((uppy) => uppy.getFiles())
  }

  /** Removes files from their Uppys, and ends those that have no others. */
  #letGo (isUnwanted: (file: UploadFile) => boolean): void {
    for (const uppy of this.#uppys) {
      const unwanted = uppy.getFiles().filter(isUnwanted)
      if (unwanted.length > 0) uppy.removeFiles(unwanted.map(({ id }) => id))
      if (uppy.getFiles().length === 0) uppy.destroy()
    }
    this.#uppys = this.#uppys.filter((uppy) => uppy.getFiles().length > 0)
    this.#options.onChange()
  }

  #announceInTime (): void {
    this.#isUnannounced = true
    if (performance.now() - this.#announcedAt >= ANNOUNCE_MS) this.#announce()
  }

  #announce (): void {
    this.#announcedAt = performance.now()
    this.#isUnannounced = false
    this.#options.onArrival()
  }
}

type UploadFile = ReturnType<PageUppy['getFile']>

function hasArrived ({ progress }: UploadFile): boolean {
  return progress.uploadComplete === true
}

function hasFailed ({ error }: UploadFile): boolean {
  return error !== undefined && error !== null
}

function isOver (file: UploadFile): boolean {
  return hasArrived(file) || hasFailed(file)
}
