/** S3's limits for parts, except for the size of the last one (Amazon S3 User Guide, "Amazon S3 multipart upload limits"). */
export const PART_MIN_BYTES = 5 * 1024 ** 2
export const PART_MAX_BYTES = 5 * 1024 ** 3
export const PARTS_MAX = 10_000
/** The largest file that can be put whole. */
export const PUT_MAX_BYTES = 5 * 1024 ** 3
/** The largest file that can be sent in parts. */
export const MULTIPART_MAX_BYTES = 5 * 1024 ** 4

/** How a file of a stated size is divided: all parts have the same size, except for the last one, which has the rest. */
export interface PartLayout {
  /** At least 1. */
  sizeBytes: number
  partSizeBytes: number
}

/** A part as the store or its sender describes it. */
export interface DescribedPart {
  partNumber: number
  /** Without quotes. */
  entityTag: string
}

/** The smallest size of parts in which the whole file can be sent, which is also Uppy's default. */
export function defaultPartSize (sizeBytes: number): number {
  return Math.max(PART_MIN_BYTES, Math.ceil(sizeBytes / PARTS_MAX))
}

/** How many parts the file has. */
export function countParts ({ sizeBytes, partSizeBytes }: PartLayout): number {
  return Math.ceil(sizeBytes / partSizeBytes)
}

/** How many bytes a part has. */
export function sizeOfPart (layout: PartLayout, partNumber: number): number {
  const { sizeBytes, partSizeBytes } = layout
  return partNumber < countParts(layout) ? partSizeBytes : sizeBytes - (partNumber - 1) * partSizeBytes
}

/**
 * The first reason why the parts in the store are not the whole file, as words that continue a sentence. Each can be corrected
 * by sending a part again.
 *
 * @param stored in the order of their numbers
 * @param stated the parts that the sender names, if any; they must be in the order of their numbers, as S3 requires
 */
export function findPartFault (
  layout: PartLayout, stored: ReadonlyArray<DescribedPart & { sizeBytes: number }>, stated?: readonly DescribedPart[],
): string | undefined {
  const partCount = countParts(layout)
  for (let number = 1; number <= partCount; number++) {
    const part = stored[number - 1]
    if (part?.partNumber !== number) return `part ${number} of ${partCount} has not arrived`
    const sizeBytes = sizeOfPart(layout, number)
    if (part.sizeBytes !== sizeBytes) return `part ${number} has ${part.sizeBytes} bytes instead of ${sizeBytes}`
  }
  const extra = stored[partCount]
  if (extra !== undefined) return `there is a part ${extra.partNumber}, and the file has ${partCount}`
  return stated === undefined ? undefined : findStatedFault(stored, stated)
}

function findStatedFault (stored: readonly DescribedPart[], stated: readonly DescribedPart[]): string | undefined {
  for (const [index, { partNumber, entityTag }] of stored.entries()) {
    const part = stated[index]
    if (part?.partNumber !== partNumber) return `part ${partNumber} is not named in its place`
    if (part.entityTag !== entityTag) return `part ${partNumber} has arrived with another tag than the one named`
  }
  return stated.length > stored.length ? 'more parts are named than the file has' : undefined
}
