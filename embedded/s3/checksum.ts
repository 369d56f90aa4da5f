import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { CRC_32C, CRC_64_NVME, Crc } from '../../objects/crc.js'
import { S3Error } from './s3-error.js'

/** The checksums that a client can send with an object (Amazon S3 User Guide, "Checking object integrity"). */
export const checksumAlgorithms = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const

export type ChecksumAlgorithm = typeof checksumAlgorithms[number]

/** The checksum of an object in parts is that of all its bytes, or the composite of its parts' checksums. */
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE'

/** A checksum as a client sends it, and as it is stored. */
export interface StatedChecksum {
  algorithm: ChecksumAlgorithm
  /** In base64; a composite is followed by a hyphen and the number of parts. */
  value: string
}

/** A checksum that has been verified. */
export interface KeptChecksum extends StatedChecksum {
  type: ChecksumType
}

/** A checksum in the process of being computed. */
export interface Checksum {
  update (chunk: Buffer): void
  digest (): Buffer
}

const PREFIX = 'x-amz-checksum-'
/** Headers that begin like a checksum's name but are not checksums. */
const SETTINGS = ['x-amz-checksum-algorithm', 'x-amz-checksum-mode', 'x-amz-checksum-type']

/** Starts computing a checksum. */
export function createChecksum (algorithm: ChecksumAlgorithm): Checksum {
  switch (algorithm) {
    case 'CRC32': return new Crc32()
    case 'CRC32C': return new Crc(CRC_32C)
    case 'CRC64NVME': return new Crc(CRC_64_NVME)
    case 'SHA1': case 'SHA256': return createHash(algorithm)
  }
}

/** The headers that state the checksum of what was stored, if it has one. */
export function checksumHeaders (checksum: KeptChecksum | undefined): Record<string, string> {
  if (checksum === undefined) return {}
  return { [PREFIX + checksum.algorithm.toLowerCase()]: checksum.value, 'x-amz-checksum-type': checksum.type }
}

/** Whether a header or trailer carries a checksum, including one that the store does not know. */
export function isChecksumHeader (name: string): boolean {
  return name.startsWith(PREFIX) && !SETTINGS.includes(name)
}

/**
 * The algorithm that a client names, or whose checksum a header carries.
 *
 * @param name in any case
 * @throws {S3Error} NotImplemented if the store does not know it
 */
export function readAlgorithm (name: string): ChecksumAlgorithm {
  const upperCase = name.toUpperCase().slice(isChecksumHeader(name) ? PREFIX.length : 0)
  const algorithm = checksumAlgorithms.find((candidate) => candidate === upperCase)
  if (algorithm === undefined) throw new S3Error('NotImplemented', `Checksums are implemented with ${checksumAlgorithms.join(', ')}.`)
  return algorithm
}

/**
 * The one checksum among a request's headers.
 *
 * @throws {S3Error} NotImplemented if the store does not know it; InvalidRequest if there are several
 */
export function readChecksum (headers: ReadonlyMap<string, string>): StatedChecksum | undefined {
  const [checksum, ...others] = [...headers].filter(([name]) => isChecksumHeader(name))
    .map(([name, value]) => ({ algorithm: readAlgorithm(name), value }))
  if (others.length > 0) throw new S3Error('InvalidRequest', 'Expecting a single x-amz-checksum- header.')
  return checksum
}

class Crc32 implements Checksum {
  #value = 0

  update (chunk: Buffer): void {
    this.#value = crc32(chunk, this.#value)
  }

  digest (): Buffer {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(this.#value)
    return bytes
  }
}
