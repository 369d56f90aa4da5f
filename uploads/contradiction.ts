import { parseMediaType } from '../http/media-type.js'

/** What an upload's URL was signed for. */
export interface AllowedUpload {
  /** Exact length; null if the file may have any size. */
  reservedBytes: bigint | null
  contentType: string
}

/** How a file differs from what was reserved: it is bigger, or has another type. */
export type Contradiction = 'size' | 'type'

/**
 * How a file, as the store itself describes it, contradicts what its upload's URL was signed for; undefined if it may have
 * arrived by that URL. A smaller file does no harm, and a type that the store does not report is not a contradiction.
 */
export function contradictionOf (
  { reservedBytes, contentType }: AllowedUpload, stored: { sizeBytes: number, contentType: string | undefined },
): Contradiction | undefined {
  if (reservedBytes !== null && BigInt(stored.sizeBytes) > reservedBytes) return 'size'
  return stored.contentType === undefined || isSameType(stored.contentType, contentType) ? undefined : 'type'
}

/** Whether two media types are equivalent, however they are written. */
function isSameType (left: string, right: string): boolean {
  return left === right || canonical(left) === canonical(right)
}

function canonical (text: string): string {
  const type = parseMediaType(text)
  return type === undefined
    ? text.trim()
    : JSON.stringify([type.essence, ...type.parameters.map(({ name, value }) => [name, value.toLowerCase()])])
}
