import { LRUCache } from 'lru-cache'

const MAX_ENTRIES = 10_000

/**
 * Remembers for a short time what a look-up found. Only files that were found are remembered, never misses, so that a new file
 * is served at once; a removed file may still be found for at most the given time. Concurrent look-ups of one key are merged.
 */
export class ExistenceCache<Found extends object> {
  readonly #lookUp
  readonly #found: LRUCache<string, Found> | undefined
  readonly #pending = new Map<string, Promise<Found | undefined>>()
  /** Files found without a look-up of their own. */
  hitCount = 0
  missCount = 0

  /** @param ttlMs in milliseconds; 0 remembers nothing */
  constructor (ttlMs: number, lookUp: (objectKey: string) => Promise<Found | undefined>) {
    this.#lookUp = lookUp
    // Resolution 0 reads the clock each time: by default the cache keeps the time with a timer, which costs more.
    this.#found = ttlMs === 0 ? undefined : new LRUCache({ max: MAX_ENTRIES, ttl: ttlMs, ttlResolution: 0 })
  }

  /** What is remembered about a file. */
  known (objectKey: string): Found | undefined {
    const known = this.#found?.get(objectKey)
    if (known !== undefined) this.hitCount++
    return known
  }

  /** Whether a file is remembered, for callers who will not use it: this does not count as a hit. */
  has (objectKey: string): boolean {
    return this.#found?.has(objectKey) ?? false
  }

  /** What is remembered, or else what a look-up finds; rejects like the look-up. */
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

  /** Makes the next `find` look again; a look-up in progress is not remembered either. */
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
