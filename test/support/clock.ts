import type { Test } from 'tap'

/** Makes the service believe, until the test ends, that it is later by the given number of seconds. */
export function pass (t: Pick<Test, 'intercept'>, seconds: number): void {
  t.intercept(Date, 'now', { value: () => performance.timeOrigin + performance.now() + seconds * 1000 })
}

/**
 * Makes the service see only the time that the test sets, until the test ends, however long it takes.
 *
 * @returns a function that sets the time to this many milliseconds after `startMs`, where it begins
 */
export function stopClock (t: Pick<Test, 'intercept'>, startMs = Date.now()): (elapsedMs: number) => void {
  let now = startMs
  t.intercept(Date, 'now', { value: () => now })
  return (elapsedMs) => { now = startMs + elapsedMs }
}
