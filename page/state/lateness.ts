import type { StorageUsage } from './answers.js'

// Below this, an event waited for a second try at most, or clocks differ.
const LATE_MS = 60_000

/**
 * How long the newest event took to arrive, in milliseconds; undefined where that is not worth a word, or is not known.
 */
export function latenessOf ({ asOf, countedAt }: Pick<StorageUsage, 'asOf' | 'countedAt'>): number | undefined {
  // A replica of an earlier build does not say when it was counted.
  if (asOf === null || typeof countedAt !== 'string') return undefined
  const tookMs = Date.parse(countedAt) - Date.parse(asOf)
  return tookMs > LATE_MS ? tookMs : undefined
}
