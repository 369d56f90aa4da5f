import {
  type ChecksumAlgorithm, type ChecksumType, type KeptChecksum, type StatedChecksum,
  createChecksum, readAlgorithm, readChecksum,
} from './checksum.js'
import { type UploadedPart, compositeChecksum } from './multipart-parts.js'
import { S3Error } from './s3-error.js'
import { type S3Request } from './s3-request.js'

/** The checksum that a multipart object is to have (Amazon S3 User Guide, "Checking object integrity"). */
export interface ChecksumPlan {
  algorithm: ChecksumAlgorithm
  type: ChecksumType
}

/** What a client says about an object's checksum when it completes the upload. */
export interface ExpectedObjectChecksum {
  checksum?: StatedChecksum
  type?: ChecksumType
}

/**
 * What the client that begins an upload asks for.
 *
 * @throws {S3Error} NotImplemented; InvalidRequest if there is no such checksum
 */
export function readChecksumPlan ({ headers }: S3Request): ChecksumPlan | undefined {
  const name = headers.get('x-amz-checksum-algorithm')
  const type = readType(headers)
  if (name === undefined) {
    if (type !== undefined) throw new S3Error('InvalidRequest', 'x-amz-checksum-type needs x-amz-checksum-algorithm.')
    return undefined
  }
  const algorithm = readAlgorithm(name)
  const plan = { algorithm, type: type ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE') }
  // S3 combines the parts' checksums, which is possible only with a CRC.
  const isPossible = plan.type === 'FULL_OBJECT' ? algorithm.startsWith('CRC') : algorithm !== 'CRC64NVME'
  if (!isPossible) throw new S3Error('InvalidRequest', 'The checksum type does not go with the checksum algorithm.')
  return plan
}

/** @throws {S3Error} NotImplemented, InvalidRequest */
export function readExpectedChecksum ({ headers }: S3Request): ExpectedObjectChecksum {
  const [checksum, type] = [readChecksum(headers), readType(headers)]
  return { ...checksum === undefined ? {} : { checksum }, ...type === undefined ? {} : { type } }
}

/** The checksum of an object while it is assembled. */
export class ObjectChecksum {
  readonly #plan: ChecksumPlan | undefined
  readonly #expected: StatedChecksum | undefined
  readonly #whole

  /**
   * @param plan undefined if the upload was begun without one; the object then gets the checksum that is expected
   * @throws {S3Error} InvalidRequest if the expected checksum is not of the planned kind
   */
  constructor (plan: ChecksumPlan | undefined, { checksum, type }: ExpectedObjectChecksum) {
    const isAsPlanned = plan === undefined ||
      ((checksum?.algorithm ?? plan.algorithm) === plan.algorithm && (type ?? plan.type) === plan.type)
    if (!isAsPlanned) throw new S3Error('InvalidRequest', 'The checksum is another than the upload was begun with.')
    this.#plan = plan ?? (checksum === undefined ? undefined : { algorithm: checksum.algorithm, type: type ?? 'FULL_OBJECT' })
    this.#expected = checksum
    this.#whole = this.#plan?.type === 'FULL_OBJECT' ? createChecksum(this.#plan.algorithm) : undefined
  }

  update (chunk: Buffer): void {
    this.#whole?.update(chunk)
  }

  /**
   * Must be called once, with the parts that make up the object.
   *
   * @throws {S3Error} BadDigest if another value is expected
   */
  verify (parts: readonly UploadedPart[]): KeptChecksum | undefined {
    if (this.#plan === undefined) return undefined
    const value = this.#whole?.digest().toString('base64') ?? compositeChecksum(parts, this.#plan.algorithm)
    if (this.#expected !== undefined && this.#expected.value !== value) throw new S3Error('BadDigest')
    return { ...this.#plan, value }
  }
}

function readType (headers: S3Request['headers']): ChecksumType | undefined {
  const type = headers.get('x-amz-checksum-type')
  if (type === undefined || type === 'FULL_OBJECT' || type === 'COMPOSITE') return type
  throw new S3Error('InvalidRequest', 'x-amz-checksum-type must be FULL_OBJECT or COMPOSITE.')
}
