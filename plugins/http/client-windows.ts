import type { FastifyRateLimitStore } from '@fastify/rate-limit'
import { LRUCache } from 'lru-cache'

const MAX_CLIENTS = 10_000

type Callback = (error: Error | null, result: { current: number, ttl: number }) => void

/**
 * What clients did, counted in this process: of each, in a window that begins with the first time. The clients that were
 * seen last are remembered.
 *
 * Stands in for the store of @fastify/rate-limit, which gives all who count at once the same object: each then reads the count
 * of the last, and all are refused where only some are beyond the limit.
 */
export class ClientWindows implements FastifyRateLimitStore {
  readonly #windows = new LRUCache<string, { count: number, beganAt: number }>({ max: MAX_CLIENTS })

  /** Counts once more, and calls back before it returns. Times are in milliseconds. */
  incr (client: string, callback: Callback, windowMs: number): void {
    const now = Date.now()
    const open = this.#open(client, windowMs, now)
    const window = open ?? { count: 0, beganAt: now }
    window.count++
    if (open === undefined) this.#windows.set(client, window)
    callback(null, { current: window.count, ttl: window.beganAt + windowMs - now })
  }

  /** Calls back as `incr` does, without counting. */
  read (client: string, callback: Callback, windowMs: number): void {
    const now = Date.now()
    const window = this.#open(client, windowMs, now)
    if (window === undefined) callback(null, { current: 0, ttl: 0 })
    else callback(null, { current: window.count, ttl: window.beganAt + windowMs - now })
  }

  /** Of another limit. */
  child (): ClientWindows {
    return new ClientWindows()
  }

  #open (client: string, windowMs: number, now: number) {
    const window = this.#windows.get(client)
    // A clock that was set back would leave the window open for longer.
    const isOpen = window !== undefined && window.beganAt <= now && now < window.beganAt + windowMs
    return isOpen ? window : undefined
  }
}
