import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { ObjectsClient, components } from '../../client/index.js'
import { answerOf, putFile } from './traffic-client.js'

const PARALLEL = 4
const PAUSE_MS = 50
const FEWEST_FILES = 8
const MAX_FILE_BYTES = 64 * 1024
/** A pre-signed URL with less time left than this is not used again. */
const URL_RESERVE_MS = 10_000

interface TrafficFile {
  place: components['schemas']['Upload']
  sizeBytes: number
}

/**
 * Files that come, change and go: about every second step puts a new file, the others overwrite or remove one that this object
 * has put. It knows what is there now, for comparison with what the service counts. Its methods throw TrafficError.
 */
export class Traffic {
  readonly counts = { put: 0, overwritten: 0, removed: 0 }
  readonly #client: ObjectsClient
  readonly #workflowIds: readonly string[]
  readonly #onStep: (stepCount: number) => void
  readonly #runId = randomUUID()
  /** Files that no step is working on. */
  #files: TrafficFile[] = []

  /**
   * @param workflowIds at least one; the files are spread over them
   * @param onStep called after each step with the number of steps so far
   */
  constructor (client: ObjectsClient, workflowIds: readonly string[], onStep: (stepCount: number) => void = () => {}) {
    this.#client = client
    this.#workflowIds = workflowIds
    this.#onStep = onStep
  }

  /** What is there now, in between steps. */
  get totals (): { fileCount: number, totalBytes: number } {
    return { fileCount: this.#files.length, totalBytes: this.#files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) }
  }

  /**
   * Takes steps, a few at a time, until it is told to stop; every step that began has ended by the time it returns.
   *
   * @throws what the first failed step threw, after all have ended
   */
  async run (signal: AbortSignal): Promise<void> {
    const failed = new AbortController()
    const stop = AbortSignal.any([signal, failed.signal])
    const ends = await Promise.allSettled(Array.from({ length: PARALLEL }, async () => {
      try {
        while (!stop.aborted) {
          await this.#step()
          const { put, overwritten, removed } = this.counts
          this.#onStep(put + overwritten + removed)
          await setTimeout(PAUSE_MS, undefined, { signal: stop }).catch(() => {})
        }
      } catch (error) {
        failed.abort()
        throw error
      }
    }))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  /** Removes every file that was put and is still there. */
  async removeAll (): Promise<void> {
    await Promise.all(Array.from({ length: PARALLEL }, async () => {
      for (let file = this.#files.pop(); file !== undefined; file = this.#files.pop()) await this.#remove(file)
    }))
  }

  async #step (): Promise<void> {
    if (this.#files.length < FEWEST_FILES || Math.random() < 0.5) return await this.#putNew()
    const [file] = this.#files.splice(Math.floor(Math.random() * this.#files.length), 1)
    if (file === undefined) return
    const isWritable = Date.parse(file.place.expiresAt) - Date.now() > URL_RESERVE_MS
    if (isWritable && Math.random() < 0.5) await this.#overwrite(file)
    else await this.#remove(file)
  }

  async #putNew (): Promise<void> {
    const place = await answerOf('POST /uploads', this.#client.POST('/api/v1/objects/uploads', {
      body: {
        workflowId: this.#workflowIds[this.counts.put % this.#workflowIds.length] ?? '',
        runId: this.#runId,
        direction: Math.random() < 0.5 ? 'inputs' : 'outputs',
        fileName: `traffic-${this.counts.put}.bin`,
        contentType: 'application/octet-stream',
      },
    }))
    await this.#write({ place, sizeBytes: 0 })
    this.counts.put++
  }

  async #overwrite (file: TrafficFile): Promise<void> {
    await this.#write(file)
    this.counts.overwritten++
  }

  async #remove (file: TrafficFile): Promise<void> {
    const { objectKey } = file.place
    try {
      const answer = await this.#client.DELETE('/api/v1/objects', { params: { query: { objectKey } } })
      // A failed write may or may not have left a file.
      if (answer.error?.code !== 'OBJECT_NOT_FOUND') await answerOf('DELETE /', Promise.resolve(answer))
    } catch (error) {
      this.#files.push(file)
      throw error
    }
    this.counts.removed++
  }

  async #write (file: TrafficFile): Promise<void> {
    const body = randomBytes(Math.floor(Math.random() * MAX_FILE_BYTES))
    try {
      await putFile(file.place, body)
      file.sizeBytes = body.length
    } finally {
      // Even after a failure the file may be there, so it must be tried to remove it.
      this.#files.push(file)
    }
  }
}
