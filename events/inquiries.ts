import { type BulkheadPolicy, bulkhead } from 'cockatiel'
import type { Observation } from './order.js'
import type { Answer } from './pending-record.js'

/** Asks the bucket about the current state of a key. Throws if the bucket cannot be asked. */
export type AskStore = (objectKey: string) => Promise<Observation>

interface Inquiry {
  /** Of the key's row, as last read before the bucket is asked. */
  revision: string
  answer: Promise<Answer>
}

/**
 * Asks the bucket about keys: once at a time about each key, and about few keys at once. Anyone who asks about a key that is
 * already being asked about shares the next answer, since the current one may be older than the question.
 */
export class StoreInquiries {
  readonly #askStore: AskStore
  readonly #bulkhead: BulkheadPolicy
  readonly #next = new Map<string, Inquiry>()
  readonly #present = new Map<string, Promise<unknown>>()

  constructor (askStore: AskStore, maxConcurrent: number) {
    this.#askStore = askStore
    this.#bulkhead = bulkhead(maxConcurrent, Infinity)
  }

  /**
   * @param revision of the key's row, just read
   * @returns what the bucket said after this call, for the latest revision read by anyone who shares the answer
   * @throws what asking the bucket threw
   */
  async inquire (objectKey: string, revision: string): Promise<Answer> {
    const shared = this.#next.get(objectKey)
    if (shared !== undefined) {
      shared.revision = revision
      return await shared.answer
    }
    const inquiry: Inquiry = { revision, answer: Promise.resolve().then(() => this.#ask(objectKey, inquiry)) }
    this.#next.set(objectKey, inquiry)
    return await inquiry.answer
  }

  async #ask (objectKey: string, inquiry: Inquiry): Promise<Answer> {
    await this.#present.get(objectKey)
    return await this.#bulkhead.execute(async () => {
      this.#next.delete(objectKey)
      const { revision } = inquiry
      const asking = this.#askStore(objectKey)
      this.#present.set(objectKey, asking.then(() => {}, () => {}))
      try {
        return { observation: await asking, revision }
      } finally {
        this.#present.delete(objectKey)
      }
    })
  }
}
