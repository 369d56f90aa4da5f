import { createSecretKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import t from 'tap'
import { readKeySet } from '../../../identity/json-web-key-set.js'
import { readJsonWebSignature } from '../../../identity/json-web-signature.js'
import { selectKeys } from '../../../identity/key-selection.js'
import { TokenRefusedError } from '../../../identity/token-refusal.js'
import { type VerificationKey, isSignedWith } from '../../../identity/verification-key.js'

const JwkSchema = Type.Object({ kty: Type.String(), alg: Type.Optional(Type.String()), k: Type.Optional(Type.String()) })
const TestSchema = Type.Object({ tcId: Type.Integer(), comment: Type.String(), jws: Type.String(), result: Type.String() })
const VectorsSchema = Type.Object({
  numberOfTests: Type.Integer(),
  testGroups: Type.Array(Type.Object({
    public: Type.Optional(Type.Union([JwkSchema, Type.Object({ keys: Type.Array(JwkSchema) })])),
    private: Type.Union([JwkSchema, Type.Object({ keys: Type.Array(JwkSchema) })]),
    tests: Type.Array(TestSchema),
  })),
})

async function readVectors (name: string) {
  const vectors: unknown = JSON.parse(await readFile(new URL(`../../fixtures/wycheproof/${name}`, import.meta.url), 'utf8'))
  return Value.Decode(VectorsSchema, vectors)
}

/** Whether a signature is accepted with these keys, like a token's. */
function accepts (keys: VerificationKey[], text: string): boolean {
  try {
    const jws = readJsonWebSignature(text)
    return selectKeys(keys, jws).some((key) => isSignedWith(key, jws))
  } catch (error) {
    if (error instanceof TokenRefusedError) return false
    throw error
  }
}

t.test('every JSON Web Key vector is settled as it should be', async (t) => {
  const { testGroups, numberOfTests } = await readVectors('json_web_key_test.json')
  // Their keys are symmetric, which a key set must not contain: anyone who reads a public set could sign with them.
  const otherwise = new Set([2, 13, 14, 15])
  let count = 0
  for (const { public: publicKeys, private: privateKeys, tests } of testGroups) {
    const keys = readKeySet(publicKeys ?? privateKeys)
    for (const { tcId, comment, jws, result } of tests) {
      count++
      t.equal(accepts(keys, jws), result === 'valid' && !otherwise.has(tcId), `${tcId}: ${comment}`)
    }
  }
  t.equal(count, numberOfTests)
})

t.test('every JSON Web Signature vector is settled as it should be', async (t) => {
  const { testGroups, numberOfTests } = await readVectors('json_web_signature_test.json')
  const otherwise = new Map([
    [346, 'PS384 with a key whose alg is PS256'], [350, 'PS384 with a key whose alg is PS256'],
    [347, 'a key whose alg, ES521, does not exist'], [351, 'a key whose alg, ES521, does not exist'],
    [372, 'a character in the header that is not of base64url'], [373, 'a character in the payload that is not of base64url'],
    // The padding that these should have is not in the file: they are test 357, which is valid.
    [367, 'no padding'], [370, 'no padding'],
  ])
  let count = 0
  for (const { public: publicKey, private: privateKey, tests } of testGroups) {
    const keys = publicKey === undefined ? secretKeys(privateKey) : readKeySet({ keys: [publicKey] })
    for (const { tcId, comment, jws, result } of tests) {
      count++
      t.equal(accepts(keys, jws), (result === 'valid') !== otherwise.has(tcId), `${tcId}: ${otherwise.get(tcId) ?? comment}`)
    }
  }
  t.equal(count, numberOfTests)
})

/** A symmetric key, such as JWT_SECRET. */
function secretKeys (jwk: unknown): VerificationKey[] {
  if (!Value.Check(JwkSchema, jwk) || jwk.alg !== 'HS256') return []
  return [{ keyId: undefined, algorithm: 'HS256', key: createSecretKey(jwk.k ?? '', 'base64url') }]
}
