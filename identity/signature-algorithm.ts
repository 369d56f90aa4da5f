import type { KeyObject } from 'node:crypto'

/** The signature algorithms of RFC 7518 (3.1) and RFC 8037 (3.1) that a public key can pin. */
export type SignatureAlgorithm =
  'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA'

// RFC 7518, 3.3: a smaller one must not be used.
const RSA_MIN_BITS = 2048
const ELLIPTIC_CURVES = new Map<string | undefined, SignatureAlgorithm>([
  ['prime256v1', 'ES256'], ['secp384r1', 'ES384'], ['secp521r1', 'ES512'],
])

/**
 * The algorithms whose signatures a public key can verify; none for a key of another kind, or one too short.
 *
 * @returns first the one that the key stands for where nothing else is said of it
 */
export function signatureAlgorithms ({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): SignatureAlgorithm[] {
  if (asymmetricKeyType === 'ed25519') return ['EdDSA']
  if (asymmetricKeyType === 'rsa') {
    const { modulusLength = 0 } = asymmetricKeyDetails
    return modulusLength < RSA_MIN_BITS ? [] : ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
  }
  const algorithm = asymmetricKeyType === 'ec' ? ELLIPTIC_CURVES.get(asymmetricKeyDetails.namedCurve) : undefined
  return algorithm === undefined ? [] : [algorithm]
}
