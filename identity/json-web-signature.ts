import { decodeBase64url } from './base64url.js'
import { readJsonObject } from './json-object.js'
import { TokenRefusedError } from './token-refusal.js'

/** A JSON Web Signature that has been parsed but not verified. */
export interface JsonWebSignature {
  /** The algorithm that its header names. */
  algorithm: string
  /** The key that its header names; undefined if it does not name one. */
  keyId: string | undefined
  payload: Buffer
  /** What the signature covers (RFC 7515, 5.1). */
  signingInput: Buffer
  signature: Buffer
}

const MALFORMED = 'it is malformed'

/**
 * Reads the compact serialisation of a JSON Web Signature (RFC 7515, 7.1), in its one spelling. Of the header parameters that
 * name keys, or where to get them, only `kid` counts. No extension is supported, so a header with `crit` is refused whatever it
 * lists (4.1.11), and so is one with `b64`, which changes what is signed (RFC 7797).
 *
 * @throws {TokenRefusedError}
 */
export function readJsonWebSignature (text: string): JsonWebSignature {
  const segments = text.split('.')
  const [header, payload, signature] = segments.map(decodeBase64url)
  if (segments.length !== 3 || header === undefined || payload === undefined || signature === undefined) {
    throw new TokenRefusedError(MALFORMED)
  }
  const parameters = readJsonObject(header)
  if (parameters === undefined) throw new TokenRefusedError(MALFORMED)
  if (Object.hasOwn(parameters, 'crit') || Object.hasOwn(parameters, 'b64')) {
    throw new TokenRefusedError('it demands an extension that is not supported')
  }
  const { alg: algorithm, kid: keyId } = parameters
  if (typeof algorithm !== 'string' || (keyId !== undefined && typeof keyId !== 'string')) throw new TokenRefusedError(MALFORMED)
  return { algorithm, keyId, payload, signingInput: Buffer.from(text.slice(0, text.lastIndexOf('.'))), signature }
}
