import { createHash } from 'node:crypto'
import { type ChecksumAlgorithm, type StatedChecksum, createChecksum } from './checksum.js'
import { S3Error } from './s3-error.js'

/** The minimum size of every part but the last. */
const PART_MIN_BYTES = 5 * 1024 ** 2

/** A part that was uploaded. */
export interface UploadedPart {
  partNumber: number
  /** Without quotes. */
  etag: string
  sizeBytes: number
  lastModifiedMs: number
  /** By the upload's algorithm if it has one, otherwise the checksum that came with the part. */
  checksum?: StatedChecksum
}

/** A part as a client names it to complete an upload. */
export interface ChosenPart extends Pick<UploadedPart, 'partNumber' | 'etag'> {
  /** What the client says about the part's checksum. */
  checksums: readonly StatedChecksum[]
}

/**
 * Finds the parts that a client chose.
 *
 * @throws {S3Error} InvalidPartOrder; InvalidPart if one is missing, or has another entity tag or checksum; EntityTooSmall
 */
export function findParts (uploaded: ReadonlyMap<number, UploadedPart>, chosen: readonly ChosenPart[]): UploadedPart[] {
  const isOrdered = chosen.every(({ partNumber }, index) => partNumber > (chosen[index - 1]?.partNumber ?? 0))
  if (!isOrdered) throw new S3Error('InvalidPartOrder')
  return chosen.map(({ partNumber, etag, checksums }, index) => {
    const part = uploaded.get(partNumber)
    if (part?.etag !== etag || !checksums.every((stated) => isOf(part, stated))) throw new S3Error('InvalidPart')
    if (index < chosen.length - 1 && part.sizeBytes < PART_MIN_BYTES) throw new S3Error('EntityTooSmall')
    return part
  })
}

function isOf ({ checksum }: UploadedPart, stated: StatedChecksum): boolean {
  return checksum?.algorithm === stated.algorithm && checksum.value === stated.value
}

/** Parts in a form that can be kept and compared. */
export function describeParts (parts: ReadonlyArray<Pick<UploadedPart, 'partNumber' | 'etag'>>): string {
  return parts.map(({ partNumber, etag }) => `${partNumber}:${etag}`).join()
}

/** The entity tag of a multipart object, as S3 makes it: the MD5 of the parts' binary MD5s, and the number of parts. */
export function compositeEntityTag (parts: readonly UploadedPart[]): string {
  const md5s = Buffer.from(parts.map(({ etag }) => etag).join(''), 'hex')
  return `${createHash('md5').update(md5s).digest('hex')}-${parts.length}`
}

/** The composite checksum of a multipart object: that of the parts' binary checksums, and the number of parts. */
export function compositeChecksum (parts: readonly UploadedPart[], algorithm: ChecksumAlgorithm): string {
  const composite = createChecksum(algorithm)
  for (const { checksum } of parts) composite.update(Buffer.from(checksum?.value ?? '', 'base64'))
  return `${composite.digest().toString('base64')}-${parts.length}`
}
