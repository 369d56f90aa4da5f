import { type DigestAlgorithm, type Digests, digestAlgorithms, digestBytes, listDigests } from '../objects/digests.js'
import { isAmazonEndpoint } from './vendor.js'

/** The headers that bind a PUT; it may have one of the latter two (Amazon S3 API Reference, PutObject). */
const boundBy = { md5: 'content-md5', sha256: 'x-amz-checksum-sha256', crc32c: 'x-amz-checksum-crc32c' } as const

/** Asks the store to name checksums that it has checked (Amazon S3 API Reference, HeadObject). Others ignore it. */
export const checksumRequest = { 'x-amz-checksum-mode': 'ENABLED' } as const

/**
 * The checksums with which a store is known to refuse other bytes.
 *
 * @param setting `auto`, `none`, or algorithms separated by commas
 * @param endpoint undefined for the embedded store
 */
export function enforcedChecksums (setting: string, endpoint: string | undefined): readonly DigestAlgorithm[] {
  if (setting !== 'auto') return digestAlgorithms.filter((algorithm) => setting.split(',').includes(algorithm))
  return endpoint === undefined || isAmazonEndpoint(endpoint) ? digestAlgorithms : []
}

/**
 * The headers that bind an upload to digests of its bytes.
 *
 * @param enforced the checksums with which the store refuses other bytes; no others are bound
 */
export function bindDigests (
  digests: Digests, enforced: readonly DigestAlgorithm[],
): { headers: Record<string, string>, bound: DigestAlgorithm[] } {
  const headers: Record<string, string> = {}
  const bound: DigestAlgorithm[] = []
  for (const { algorithm, value } of listDigests(digests)) {
    // Stores accept only one checksum of the newer kind.
    if (!enforced.includes(algorithm) || (algorithm === 'crc32c' && bound.includes('sha256'))) continue
    headers[boundBy[algorithm]] = Buffer.from(value, 'hex').toString('base64')
    bound.push(algorithm)
  }
  return { headers, bound }
}

/**
 * The checksums of the whole file's bytes in an answer to HEAD or GET. For a file that was sent in parts, the answer may have a
 * checksum of the parts' checksums, which is left out.
 */
export function readChecksums (header: (name: string) => string | undefined): Digests {
  const found: Partial<Record<DigestAlgorithm, string>> = {}
  if (header('x-amz-checksum-type') === 'COMPOSITE') return found
  for (const algorithm of ['sha256', 'crc32c'] as const) {
    const text = header(boundBy[algorithm])
    const bytes = text === undefined ? undefined : readBase64(text, digestBytes[algorithm])
    if (bytes !== undefined) found[algorithm] = bytes.toString('hex')
  }
  return found
}

/** The CRC-32 of the whole file's bytes, as `readChecksums` reads others. */
export function readCrc32 (header: (name: string) => string | undefined): number | undefined {
  const text = header('x-amz-checksum-crc32')
  if (text === undefined || header('x-amz-checksum-type') === 'COMPOSITE') return undefined
  return readBase64(text, 4)?.readUInt32BE()
}

function readBase64 (text: string, length: number): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === length && bytes.toString('base64') === text ? bytes : undefined
}
