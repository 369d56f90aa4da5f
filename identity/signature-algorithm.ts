import type { KeyObject } from 'node:crypto'
import { isWeakEd25519Key, isWeakRsaKey } from './weak-keys.js'

/** The signature algorithms of RFC 7518 (3.1) and RFC 8037 (3.1) that a public key can pin. */
export type SignatureAlgorithm =
  'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA'

const ELLIPTIC_CURVES = new Map<string | undefined, SignatureAlgorithm>([
  ['prime256v1', 'ES256'], ['secp384r1', 'ES384'], ['secp521r1', 'ES512'],
])

/**
 * The algorithms whose signatures a public key can verify; none for a key of another kind, or a weak one.
 *
 * @returns first the default: the one that applies if the key does not name any
 */
export function signatureAlgorithms (publicKey: KeyObject): SignatureAlgorithm[] {
  const { asymmetricKeyType, asymmetricKeyDetails: { namedCurve } = {} } = publicKey
  if (asymmetricKeyType === 'ed25519') return isWeakEd25519Key(publicKey) ? [] : ['EdDSA']
  if (asymmetricKeyType === 'rsa') return isWeakRsaKey(publicKey) ? [] : ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
  const algorithm = asymmetricKeyType === 'ec' ? ELLIPTIC_CURVES.get(namedCurve) : undefined
  return algorithm === undefined ? [] : [algorithm]
}

/**
 * The service's own name for an algorithm. RFC 9864 gives EdDSA with the curve Ed25519, the only one that is supported here, a
 * name of its own.
 */
export function canonicalAlgorithm (name: string): string {
  return name === 'Ed25519' ? 'EdDSA' : name
}
