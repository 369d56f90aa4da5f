import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { S3Error } from './s3-error.js'

/** A checksum that a client sends with an object (Amazon S3 User Guide, "Checking object integrity"). */
export interface Checksum {
  update (chunk: Buffer): void
  /** In base64, as the client sends it. */
  digest (): string
}

const PREFIX = 'x-amz-checksum-'

/** Whether a header or trailer of this name carries a checksum. */
export function isChecksumName (name: string): boolean {
  return name.startsWith(PREFIX)
}

/**
 * Makes the checksum that a header or trailer of this name carries.
 *
 * @throws {S3Error} NotImplemented for CRC-32C and CRC-64/NVME, which Node.js lacks
 */
export function createChecksum (name: string): Checksum {
  switch (name.slice(PREFIX.length)) {
    case 'crc32': return new Crc32()
    case 'sha1': return new Sha('sha1')
    case 'sha256': return new Sha('sha256')
    default: throw new S3Error('NotImplemented', 'Checksums are implemented with CRC32, SHA1 and SHA256.')
  }
}

class Crc32 implements Checksum {
  #value = 0

  update (chunk: Buffer): void {
    this.#value = crc32(chunk, this.#value)
  }

  digest (): string {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(this.#value)
    return bytes.toString('base64')
  }
}

class Sha implements Checksum {
  readonly #hash

  constructor (algorithm: 'sha1' | 'sha256') {
    this.#hash = createHash(algorithm)
  }

  update (chunk: Buffer): void {
    this.#hash.update(chunk)
  }

  digest (): string {
    return this.#hash.digest('base64')
  }
}
