import { parseMediaType } from '../http/media-type.js'

/** What an upload's URL was signed for. */
export interface AllowedUpload {
  /** Exact length; null where the file may be of any. */
  reservedBytes: bigint | null
  contentType: string
}

/** In what a file is not what was reserved: it is bigger, or it is of another type. */
export type Contradiction = 'size' | 'type'

/**
 * In what a file, as the store itself describes it, is nothing that its upload's URL was signed for; undefined where it may
 * have come by that URL. A smaller file costs nobody anything, and a store that tells no type contradicts none.
 */
export function contradictionOf (
  { reservedBytes, contentType }: AllowedUpload, stored: { sizeBytes: number, contentType: string | undefined },
): Contradiction | undefined {
  if (reservedBytes !== null && BigInt(stored.sizeBytes) > reservedBytes) return 'size'
  return stored.contentType === undefined || isSameType(stored.contentType, contentType) ? undefined : 'type'
}

/** Whether two media types say the same, however they are written. */
function isSameType (left: string, right: string): boolean {
  return left === right || canonical(left) === canonical(right)
}

function canonical (text: string): string {
  const type = parseMediaType(text)
  return type === undefined
    ? text.trim()
    : JSON.stringify([type.essence, ...type.parameters.map(({ name, value }) => [name, value.toLowerCase()])])
}
