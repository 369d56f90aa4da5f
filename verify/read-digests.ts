import { createHash } from 'node:crypto'
import { CRC_32C, Crc } from '../objects/crc.js'
import type { DigestAlgorithm, Digests } from '../objects/digests.js'
import { ObjectStorageUnavailable } from '../store/failures.js'
import type { ObjectStorage } from '../store/object-storage.js'

/** The result of reading a file. */
export interface ReadFile {
  sizeBytes: number
  /** The entity tag of the bytes that were read, without quotes. */
  entityTag: string
  /** The digests computed over them. */
  digests: Digests
  /** The digests that the store names for them. */
  stored: Digests
}

const ATTEMPTS = 3
const RETRY_AFTER_SECONDS = 1

/**
 * Reads a file from the store, from its first byte to its last, and computes digests, in constant memory.
 *
 * @param onBytes called with how many more bytes were read; reading continues once it resolves
 * @returns undefined if there is no such file
 * @throws {ObjectStorageUnavailable} also if reading keeps breaking off
 * @throws {ObjectStorageRefused}
 * @throws the signal's reason
 */
export async function readFileDigests (
  storage: Pick<ObjectStorage, 'read'>, objectKey: string, algorithms: readonly DigestAlgorithm[],
  { onBytes, signal }: { onBytes: (count: number) => Promise<void>, signal: AbortSignal },
): Promise<ReadFile | undefined> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const opened = await storage.read(objectKey, { signal })
    if (opened === undefined || opened === 'changed') return undefined
    const { stored, lengthBytes, body } = opened
    const computing = algorithms.map((algorithm) => ({ algorithm, digest: createDigest(algorithm) }))
    let readBytes = 0
    try {
      for await (const chunk of body) {
        for (const { digest } of computing) digest.update(chunk)
        readBytes += chunk.length
        await onBytes(chunk.length)
      }
    } catch {
      signal.throwIfAborted()
    }
    if (readBytes === lengthBytes) {
      const { sizeBytes, entityTag, checksums } = stored
      const digests = Object.fromEntries(computing.map(({ algorithm, digest }) => [algorithm, digest.digest().toString('hex')]))
      return { sizeBytes, entityTag: entityTag.replaceAll('"', ''), digests, stored: checksums }
    }
  }
  throw new ObjectStorageUnavailable('Object storage broke off while a file was read, again and again.', RETRY_AFTER_SECONDS)
}

function createDigest (algorithm: DigestAlgorithm): { update (chunk: Buffer): void, digest (): Buffer } {
  return algorithm === 'crc32c' ? new Crc(CRC_32C) : createHash(algorithm)
}
