import { secondsOf } from './duration.js'
import { UsageError } from './outcome.js'

/**
 * Reads how long something is to be valid, such as 90s, 15m, 12h or 30d.
 *
 * @returns seconds
 * @throws {UsageError} if it is not a duration, or longer than the given number of days
 */
export function readLifetime (text: string, maxDays: number): number {
  const seconds = secondsOf(text)
  if (seconds <= maxDays * 86400) return seconds
  throw new UsageError(`--expires-in must be a time such as 90s, 15m, 12h or 30d, ${maxDays === 366 ? 'a year' : `${maxDays} days`} at most.`)
}
