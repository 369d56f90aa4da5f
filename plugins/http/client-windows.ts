import type { FastifyRateLimitStore } from '@fastify/rate-limit'
import { LRUCache } from 'lru-cache'

const MAX_CLIENTS = 10_000

type Callback = (error: Error | null, result: { current: number, ttl: number }) => void

/**
 * Counts in this process what clients did, each in a window that begins with the first time. Only the clients seen last are
 * remembered.
 *
 * Replaces the store of @fastify/rate-limit, which gives everyone who counts at once the same object: each then reads the count
 * of the last, and all are refused even if only some are beyond the limit.
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

  /** Calls back like `incr`, without counting. */
  read (client: string, callback: Callback, windowMs: number): void {
    const now = Date.now()
    const window = this.#open(client, windowMs, now)
    if (window === undefined) callback(null, { current: 0, ttl: 0 })
    else callback(null, { current: window.count, ttl: window.beganAt + windowMs - now })
  }

  /** For another limit. */
  child (): ClientWindows {
    return new ClientWindows()
  }

  #open (client: string, windowMs: number, now: number) {
    const window = this.#windows.get(client)
    // If the clock was set back, the window would stay open for longer.
    const isOpen = window !== undefined && window.beganAt <= now && now < window.beganAt + windowMs
    return isOpen ? window : undefined
  }
}
