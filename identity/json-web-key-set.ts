import { createPublicKey } from 'node:crypto'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { decodeBase64url } from './base64url.js'
import { canonicalAlgorithm, signatureAlgorithms } from './signature-algorithm.js'
import type { VerificationKey } from './verification-key.js'

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
 * Reads a JSON Web Key Set (RFC 7517, 5). A key's algorithm is its `alg` if it has one that fits it, and otherwise follows from
 * its type and curve. Keys that cannot verify signatures are skipped, as the RFC requires: symmetric keys, keys for encryption,
 * weak keys, keys of an unknown type or form.
 *
 * @throws {TypeError} if the document is not a key set
 */
export function readKeySet (document: unknown): VerificationKey[] {
  if (!Value.Check(JsonWebKeySetSchema, document)) throw new TypeError('The document is not a JSON Web Key Set.')
  return document.keys.flatMap((key) => {
    const verificationKey = Value.Check(JsonWebKeySchema, key) ? readKey(key) : undefined
    return verificationKey === undefined ? [] : [verificationKey]
  })
}

function readKey (jwk: Static<typeof JsonWebKeySchema>): VerificationKey | undefined {
  const { kid: keyId, alg, use = 'sig', key_ops: operations = ['verify'], ...material } = jwk
  if (use !== 'sig' || !operations.includes('verify')) return undefined
  const { n, e, x, y } = material
  if ([n, e, x, y].some((member) => member !== undefined && decodeBase64url(member) === undefined)) return undefined
  try {
    const key = createPublicKey({ key: material, format: 'jwk' })
    const algorithm = signatureAlgorithms(key).find((possible) => alg === undefined || possible === canonicalAlgorithm(alg))
    return algorithm === undefined ? undefined : { keyId, algorithm, key }
  } catch {
    return undefined
  }
}
