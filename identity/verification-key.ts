import { type KeyObject, constants, createHmac, timingSafeEqual, verify } from 'node:crypto'
import type { JsonWebSignature } from './json-web-signature.js'
import type { SignatureAlgorithm } from './signature-algorithm.js'

/** A key that verifies tokens, and the one algorithm that it is for. */
export interface VerificationKey {
  /** The `kid` by which tokens name it, if it has one. */
  keyId: string | undefined
  algorithm: SignatureAlgorithm | 'HS256'
  /** A public key, or the secret one of HS256. */
  key: KeyObject
}

// RFC 7518, 3.4 and RFC 8032, 5.1.6: two numbers, whose length depends on the curve.
const SIGNATURE_BYTES = new Map<string, number>([['ES256', 64], ['ES384', 96], ['ES512', 132], ['EdDSA', 64]])

/**
 * Whether a signature was made with a key, using the key's algorithm (RFC 7518, 3; RFC 8037, 3.1) whatever the header says.
 *
 * @fastify/jwt 10.2, which signs, does not verify: it accepts four spellings of one token and `crit: null`, tries only one key,
 *   does not know `Ed25519`, and has one code for most failures.
 */
export function isSignedWith ({ algorithm, key }: VerificationKey, { signingInput, signature }: Pick<JsonWebSignature, 'signingInput' | 'signature'>): boolean {
  if (algorithm === 'HS256') {
    const expected = createHmac('sha256', key).update(signingInput).digest()
    return signature.length === expected.length && timingSafeEqual(signature, expected)
  }
  const expectedBytes = SIGNATURE_BYTES.get(algorithm)
  if (expectedBytes !== undefined && signature.length !== expectedBytes) return false
  if (algorithm === 'EdDSA') return verify(undefined, signingInput, key, signature)
  return verify(`sha${algorithm.slice(2)}`, signingInput, { key, dsaEncoding: 'ieee-p1363', ...paddingOf(algorithm) }, signature)
}

function paddingOf (algorithm: SignatureAlgorithm) {
  if (algorithm.startsWith('RS')) return { padding: constants.RSA_PKCS1_PADDING }
  if (algorithm.startsWith('PS')) return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  return {}
}
