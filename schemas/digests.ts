import { Type } from '@sinclair/typebox'
import { type DigestAlgorithm, digestBytes } from '../objects/digests.js'

const digest = (algorithm: DigestAlgorithm, description: string) =>
  Type.Optional(Type.String({ pattern: `^[0-9a-f]{${2 * digestBytes[algorithm]}}$`, description }))

/** What a file's JSON may say about its bytes. */
export const digestFields = {
  sha256: digest('sha256', 'SHA-256 of the file\'s bytes in hexadecimal, once the storage or `npm run verify` has computed it over them.'),
  md5: digest('md5', 'MD5 of the file\'s bytes, likewise.'),
  crc32c: digest('crc32c', 'CRC-32C of the file\'s bytes, likewise.'),
  claimedSha256: digest('sha256', 'SHA-256 as it was stated when the upload was requested, unless it equals `sha256`: it ' +
    'has not been checked, or the file turned out to have another one.'),
}
