import { setTimeout } from 'node:timers/promises'

export interface PersistentDeliveryOptions {
  /** The most items that may wait to be delivered again. */
  maxWaiting: number
  /** The pause after the first failure; each further one doubles it, up to a hundred times as long. */
  firstPauseMs: number
  /** Called for the first failure after a success. */
  onFailure: (error: unknown) => void
  /**
   * Called once everything is delivered again, with how many items were lost meanwhile for lack of room. Not called for lost
   * items once `close` has been, which reports them itself.
   */
  onRecovery: (lostCount: number) => void
}

const BATCH_MAX = 1_000
const LONGEST_PAUSE_FACTOR = 100

/**
 * Delivers items, in no particular order, until they are accepted: each at once, and if that fails, again after growing pauses.
 * While any wait to be delivered again, new ones wait with them.
 */
export class PersistentDelivery<Item> {
  readonly #deliver: (item: Item) => Promise<unknown>
  readonly #options: PersistentDeliveryOptions
  readonly #closing = new AbortController()
  readonly #waiting: Item[] = []
  #underWay = new Set<Promise<void>>()
  /** What was added while deliveries are held back. */
  #held: Item[] | undefined
  #repeating: Promise<void> | undefined
  #lostCount = 0

  constructor (deliver: (item: Item) => Promise<unknown>, options: PersistentDeliveryOptions) {
    this.#deliver = deliver
    this.#options = options
  }

  /** Items that wait to be delivered again. */
  get waitingCount (): number {
    return this.#waiting.length
  }

  add (item: Item): void {
    if (this.#held !== undefined) {
      this.#held.push(item)
      return
    }
    if (this.#repeating !== undefined) {
      this.#keep(item)
      return
    }
    const delivery = this.#deliver(item).then(() => {}, (error: unknown) => {
      this.#keep(item)
      if (this.#repeating !== undefined) return
      this.#options.onFailure(error)
      this.#repeating = this.#repeat().finally(() => { this.#repeating = undefined })
    }).finally(() => this.#underWay.delete(delivery))
    this.#underWay.add(delivery)
  }

  /**
   * Delivers what is added during some work once that has ended, or failed, all at once. A crash loses it, so the work must be
   * done again after one.
   */
  async holdDuring<Result> (work: () => Promise<Result>): Promise<Result> {
    if (this.#held !== undefined) return await work()
    this.#held = []
    try {
      return await work()
    } finally {
      const held = this.#held
      this.#held = undefined
      for (const item of held) this.add(item)
    }
  }

  /** Tries everything that waits one last time. Resolves with how many items were not delivered. */
  async close (): Promise<number> {
    this.#closing.abort()
    await Promise.all(this.#underWay)
    await this.#repeating
    return this.#waiting.length + this.#lostCount
  }

  #keep (item: Item): void {
    if (this.#waiting.length < this.#options.maxWaiting) this.#waiting.push(item)
    else this.#lostCount++
  }

  async #repeat (): Promise<void> {
    const { firstPauseMs, onRecovery } = this.#options
    let pauseMs = firstPauseMs
    for (let isLast = false; this.#waiting.length > 0 && !isLast;) {
      await setTimeout(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => {})
      isLast = this.#closing.signal.aborted
      const someFailed = await this.#deliverWaiting()
      pauseMs = someFailed ? Math.min(pauseMs * 2, firstPauseMs * LONGEST_PAUSE_FACTOR) : firstPauseMs
    }
    if (this.#waiting.length > 0 || (this.#lostCount > 0 && this.#closing.signal.aborted)) return
    onRecovery(this.#lostCount)
    this.#lostCount = 0
  }

  /** Delivers what waits until something fails again. */
  async #deliverWaiting (): Promise<boolean> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH_MAX)
      const outcomes = await Promise.allSettled(batch.map(async (item) => await this.#deliver(item)))
      const failed = batch.filter((_item, index) => outcomes[index]?.status === 'rejected')
      for (const item of failed) this.#keep(item)
      if (failed.length > 0) return true
    }
    return false
  }
}
