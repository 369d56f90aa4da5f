/** More items are waiting to be committed than the service will hold; the sender should try again. */
export class QueueFullError extends Error {
  override name = 'QueueFullError'
}

interface Submission<Item, Result> {
  items: readonly Item[]
  /** Filled as batches are committed; a submission may span several. */
  results: Result[]
  nextItem: number
  resolve: (results: Result[]) => void
  reject: (error: unknown) => void
}

/**
 * Commits what concurrent callers submit in batches, one batch at a time: whatever arrives while a batch is being committed
 * waits and makes up the next one. A lone caller never waits for others.
 */
export class GroupCommit<Item, Result> {
  readonly #commit: (items: Item[]) => Promise<Result[]>
  readonly #maxBatch: number
  readonly #maxQueued: number
  readonly #queue: Array<Submission<Item, Result>> = []
  #queuedCount = 0
  #running = false

  /**
   * @param commit makes the items of one batch durable and resolves with a result for each, in their order
   * @param limits.maxBatch the most items in one batch
   * @param limits.maxQueued the most items that may wait
   */
  constructor (commit: (items: Item[]) => Promise<Result[]>, limits: { maxBatch: number, maxQueued: number }) {
    this.#commit = commit
    this.#maxBatch = limits.maxBatch
    this.#maxQueued = limits.maxQueued
  }

  /** Items waiting for the batch after the current one. */
  get queuedCount (): number {
    return this.#queuedCount
  }

  /**
   * Resolves once all items are committed, with their results in order.
   *
   * @throws {QueueFullError} if too many items are waiting
   * @throws what `commit` threw for a batch with any of the items; the others may have been committed
   */
  async submit (items: readonly Item[]): Promise<Result[]> {
    if (items.length === 0) return []
    if (this.#queuedCount > 0 && this.#queuedCount + items.length > this.#maxQueued) {
      throw new QueueFullError('Too many items wait to be committed.')
    }
    return await new Promise((resolve, reject) => {
      this.#queue.push({ items, results: [], nextItem: 0, resolve, reject })
      this.#queuedCount += items.length
      if (this.#running) return
      this.#running = true
      // Once the data already on the sockets has been read, so that requests which arrived together are committed together.
      setImmediate(() => { this.#run() })
    })
  }

  async #run (): Promise<void> {
    while (this.#queue.length > 0) {
      const { items, takers } = this.#takeBatch()
      try {
        const results = await this.#commit(items)
        let from = 0
        for (const { submission, count } of takers) {
          submission.results.push(...results.slice(from, from + count))
          from += count
          if (submission.results.length === submission.items.length) submission.resolve(submission.results)
        }
      } catch (error) {
        for (const { submission } of takers) this.#fail(submission, error)
      }
    }
    this.#running = false
  }

  #takeBatch () {
    const items: Item[] = []
    const takers: Array<{ submission: Submission<Item, Result>, count: number }> = []
    while (items.length < this.#maxBatch) {
      const [submission] = this.#queue
      if (submission === undefined) break
      const taken = submission.items.slice(submission.nextItem, submission.nextItem + this.#maxBatch - items.length)
      items.push(...taken)
      takers.push({ submission, count: taken.length })
      submission.nextItem += taken.length
      if (submission.nextItem === submission.items.length) this.#queue.shift()
    }
    this.#queuedCount -= items.length
    return { items, takers }
  }

  #fail (submission: Submission<Item, Result>, error: unknown): void {
    submission.reject(error)
    const [next] = this.#queue
    if (next !== submission) return
    this.#queue.shift()
    this.#queuedCount -= submission.items.length - submission.nextItem
  }
}
