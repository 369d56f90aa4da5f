import type { Test } from 'tap'

/** To the service, it is later by so many seconds until the test ends. */
export function pass (t: Pick<Test, 'intercept'>, seconds: number): void {
  t.intercept(Date, 'now', { value: () => performance.timeOrigin + performance.now() + seconds * 1000 })
}

/**
 * To the service, it is a time of the test's until the test ends, however long the test takes.
 *
 * @returns sets it to so many milliseconds after `startMs`, which is where it begins
 */
export function stopClock (t: Pick<Test, 'intercept'>, startMs = Date.now()): (elapsedMs: number) => void {
  let now = startMs
  t.intercept(Date, 'now', { value: () => now })
  return (elapsedMs) => { now = startMs + elapsedMs }
}
