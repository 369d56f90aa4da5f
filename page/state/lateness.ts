import type { StorageUsage } from './answers.js'

// Below this, the event was probably just retried, or clocks differ.
const LATE_MS = 60_000

/**
 * How long the newest event took to be counted, in milliseconds; undefined if that is not worth mentioning, or not known.
 */
export function latenessOf ({ asOf, countedAt }: Pick<StorageUsage, 'asOf' | 'countedAt'>): number | undefined {
  // A replica of an earlier build does not say when the event was counted.
  if (asOf === null || typeof countedAt !== 'string') return undefined
  const tookMs = Date.parse(countedAt) - Date.parse(asOf)
  return tookMs > LATE_MS ? tookMs : undefined
}
