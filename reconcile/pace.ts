import { setTimeout } from 'node:timers/promises'

/**
 * Holds a caller back so that it handles no more than this many keys or bytes a second, counted from now.
 *
 * @param perSecond undefined sets no limit
 * @returns waits after some more of them; rejects with the signal's reason
 */
export function createPace (perSecond: number | undefined): (more: number, signal: AbortSignal | undefined) => Promise<void> {
  const startedAtMs = performance.now()
  let handled = 0
  return async (more, signal) => {
    if (perSecond === undefined) return
    handled += more
    const earlyMs = handled / perSecond * 1000 - (performance.now() - startedAtMs)
    if (earlyMs > 0) await setTimeout(earlyMs, undefined, signal === undefined ? {} : { signal })
  }
}
