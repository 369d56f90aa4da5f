import { LRUCache } from 'lru-cache'

const MAX_ENTRIES = 10_000

/**
 * Remembers for a short time what a look-up found. Only finds are remembered, never misses, so that a new file is served
 * at once; a removed one is still found for at most the time given. Concurrent look-ups of one key are one.
 */
export class ExistenceCache<Found extends object> {
  readonly #lookUp
  readonly #found: LRUCache<string, Found> | undefined
  readonly #pending = new Map<string, Promise<Found | undefined>>()
  /** Finds that took no look-up of their own. */
  hitCount = 0
  missCount = 0

  /** @param ttlMs 0 remembers nothing */
  constructor (ttlMs: number, lookUp: (objectKey: string) => Promise<Found | undefined>) {
    this.#lookUp = lookUp
    // Resolution 0 reads the clock at each find: by default the cache keeps the time by a timer, which costs more.
    this.#found = ttlMs === 0 ? undefined : new LRUCache({ max: MAX_ENTRIES, ttl: ttlMs, ttlResolution: 0 })
  }

  /** What is remembered. */
  known (objectKey: string): Found | undefined {
    const known = this.#found?.get(objectKey)
    if (known !== undefined) this.hitCount++
    return known
  }

  /** Whether it is remembered, for anyone who will not use what was found: such a question is no hit. */
  has (objectKey: string): boolean {
    return this.#found?.has(objectKey) ?? false
  }

  /** What is remembered, else what a look-up finds; rejects as the look-up does. */
  find (objectKey: string): Found | Promise<Found | undefined> {
    const known = this.known(objectKey)
    if (known !== undefined) return known
    const pending = this.#pending.get(objectKey)
    if (pending === undefined) {
      this.missCount++
      return this.#start(objectKey)
    }
    this.hitCount++
    return pending
  }

  /** Makes the next find look again; a look-up under way is not remembered either. */
  forget (objectKey: string): void {
    this.#found?.delete(objectKey)
    this.#pending.delete(objectKey)
  }

  async #start (objectKey: string): Promise<Found | undefined> {
    const lookUp = this.#lookUp(objectKey)
    this.#pending.set(objectKey, lookUp)
    const isCurrent = () => this.#pending.get(objectKey) === lookUp
    try {
      const found = await lookUp
      if (found !== undefined && isCurrent()) this.#found?.set(objectKey, found)
      return found
    } finally {
      if (isCurrent()) this.#pending.delete(objectKey)
    }
  }
}
