/** @import { StorageUsage } from '../schemas/storage-usage.js' */

// Below this, an event waited for a second try at most, or clocks differ.
const LATE_MS = 60_000

/**
 * How long the newest event took to arrive; undefined where that is not worth a word, or is not known.
 *
 * @param {Pick<StorageUsage, 'asOf' | 'countedAt'>} usage
 * @returns {number | undefined} milliseconds
 */
export function latenessOf ({ asOf, countedAt }) {
  // A replica of an earlier build does not say when it was counted.
  if (asOf === null || typeof countedAt !== 'string') return undefined
  const tookMs = Date.parse(countedAt) - Date.parse(asOf)
  return tookMs > LATE_MS ? tookMs : undefined
}
