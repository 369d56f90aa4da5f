import { createPublicKey } from 'node:crypto'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { type SignatureAlgorithm, signatureAlgorithms } from './signature-algorithm.js'

/** A key that tokens may be signed with, and the one algorithm that it is good for. */
export interface VerificationKey {
  /** The `kid` that tokens name it by, where it has one. */
  keyId: string | undefined
  algorithm: SignatureAlgorithm
  publicKeyPem: string
}

const JsonWebKeySetSchema = Type.Object({ keys: Type.Array(Type.Unknown()) })
const JsonWebKeySchema = Type.Object({
  kty: Type.String(),
  kid: Type.Optional(Type.String()),
  alg: Type.Optional(Type.String()),
  use: Type.Optional(Type.String()),
  key_ops: Type.Optional(Type.Array(Type.String())),
  crv: Type.Optional(Type.String()),
  n: Type.Optional(Type.String()),
  e: Type.Optional(Type.String()),
  x: Type.Optional(Type.String()),
  y: Type.Optional(Type.String()),
})

/**
 * Reads a JSON Web Key Set (RFC 7517, 5). A key's algorithm is its `alg` where it has one that fits it, else what its type and
 * curve stand for. What cannot verify signatures is passed over, as the RFC asks for: symmetric keys, keys for encryption,
 * keys of an unknown type or of another form.
 *
 * @throws {TypeError} when the document is no key set
 */
export function readKeySet (document: unknown): VerificationKey[] {
  if (!Value.Check(JsonWebKeySetSchema, document)) throw new TypeError('The document is no JSON Web Key Set.')
  return document.keys.flatMap((key) => {
    const verificationKey = Value.Check(JsonWebKeySchema, key) ? readKey(key) : undefined
    return verificationKey === undefined ? [] : [verificationKey]
  })
}

function readKey (key: Static<typeof JsonWebKeySchema>): VerificationKey | undefined {
  const { kid: keyId, alg, use = 'sig', key_ops: operations = ['verify'], ...material } = key
  if (use !== 'sig' || !operations.includes('verify')) return undefined
  try {
    const publicKey = createPublicKey({ key: material, format: 'jwk' })
    const algorithm = signatureAlgorithms(publicKey).find((possible) => alg === undefined || possible === alg)
    if (algorithm === undefined) return undefined
    return { keyId, algorithm, publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString() }
  } catch {
    return undefined
  }
}
