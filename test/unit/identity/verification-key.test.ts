import { createSecretKey, randomBytes, sign as signWithKey } from 'node:crypto'
import t from 'tap'
import { readKeySet } from '../../../identity/json-web-key-set.js'
import { readJsonWebSignature } from '../../../identity/json-web-signature.js'
import { TokenRefusedError } from '../../../identity/token-refusal.js'
import { TokenVerifier } from '../../../identity/token-verifier.js'
import { type VerificationKey, isSignedWith } from '../../../identity/verification-key.js'
import { isWeakEd25519Key } from '../../../identity/weak-keys.js'
import { makeKey } from '../../support/issuer.js'
import { encode, signToken, validClaims } from '../../support/tokens.js'

const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']
const rsa = makeKey('RS256', 'rsa')
const signers = algorithms.map((algorithm) => {
  const { jwk, privateKey } = /^[RP]S/.test(algorithm) ? rsa : makeKey(algorithm, algorithm)
  const [key] = readKeySet({ keys: [{ ...jwk, alg: algorithm }] })
  if (key === undefined) throw new Error(`There is no key for ${algorithm}.`)
  const sign = (claims: object = validClaims()) => signToken(privateKey, claims, { alg: algorithm }, algorithm)
  return { algorithm, key, sign }
})
const secretKey = { keyId: undefined, algorithm: 'HS256', key: createSecretKey('s'.repeat(32), 'utf8') } as const
const isAccepted = (key: VerificationKey, token: string) => isSignedWith(key, readJsonWebSignature(token))

t.test('a signature holds for its own key and algorithm alone', async (t) => {
  for (const { algorithm, key, sign } of signers) {
    const token = sign()
    for (const other of signers) {
      t.equal(isAccepted(other.key, token), other.algorithm === algorithm, `${algorithm} by ${other.algorithm}`)
    }
    t.equal(isAccepted(secretKey, token), false)
    t.equal(isAccepted(key, signToken('s'.repeat(32), validClaims(), { alg: 'HS256' })), false)
  }
  t.equal(isAccepted(secretKey, signToken('s'.repeat(32), validClaims(), { alg: 'HS256' })), true)
})

t.test('a signature of another length, or of another text, does not hold', async (t) => {
  for (const { algorithm, key, sign } of signers) {
    const { signature, signingInput } = readJsonWebSignature(sign())
    const longer = Buffer.concat([signature, Buffer.alloc(1)])
    for (const other of [Buffer.alloc(0), signature.subarray(1), longer, randomBytes(signature.length)]) {
      t.equal(isSignedWith(key, { signingInput, signature: other }), false, algorithm)
    }
    t.equal(isSignedWith(key, { signature, signingInput: Buffer.concat([signingInput, Buffer.from('x')]) }), false)
  }
})

t.test('an elliptic curve\'s signature in DER does not hold', async (t) => {
  const { privateKey, jwk } = makeKey('ES256', 'der')
  const [key] = readKeySet({ keys: [jwk] })
  const signingInput = Buffer.from('text')
  const signature = signWithKey('sha256', signingInput, privateKey)
  t.equal(key !== undefined && isSignedWith(key, { signingInput, signature }), false)
})

t.test('points of small order are weak, in each encoding and with either sign', async (t) => {
  const encodings = [
    '00'.repeat(32), '01'.padEnd(64, '0'),
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    `ec${'ff'.repeat(30)}7f`, `ed${'ff'.repeat(30)}7f`, `ee${'ff'.repeat(30)}7f`,
  ]
  for (const encoding of encodings) {
    for (const sign of [0, 0x80]) {
      const point = Buffer.from(encoding, 'hex')
      point[31] = (point[31] ?? 0) | sign
      t.strictSame(readKeySet({ keys: [{ kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') }] }), [], encoding)
    }
  }
  t.equal(isWeakEd25519Key(makeKey('EdDSA', 'strong').publicKey), false)
})

t.test('a token is read where one of its keys has signed it, and what it says of itself holds', async (t) => {
  const [first, second] = signers.filter(({ algorithm }) => algorithm.startsWith('ES'))
  if (first === undefined || second === undefined) throw new Error('There are no keys.')
  const verifier = (...keys: VerificationKey[]) =>
    new TokenVerifier({ findKeys: () => keys, issuer: undefined, audience: undefined, clockToleranceMs: 0 })
  const refused = (message: string) => new TokenRefusedError(message)
  t.match(await verifier(second.key, first.key).verify(first.sign({ ...validClaims(), mine: 'kept' })), { mine: 'kept' })
  await t.rejects(verifier(second.key).verify(first.sign()), refused('its signature is wrong'))
  await t.rejects(verifier().verify(first.sign()), refused('its signature is wrong'))
  await t.rejects(verifier(first.key).verify(first.sign({ ...validClaims(), exp: 1 })), refused('it has expired'))
  const [header, , signature] = first.sign().split('.')
  await t.rejects(verifier(first.key).verify(`${header}.${encode([1])}.${signature}`), refused('it is malformed'))
  await t.rejects(verifier(first.key).verify('a.b'), { name: 'TokenRefusedError', message: 'it is malformed' })
  for (const header of [{ alg: 7 }, { alg: null }, {}, { alg: 'ES256', kid: 7 }, { alg: 'ES256', kid: null }]) {
    const token = `${encode(header)}.${encode(validClaims())}.${signature}`
    await t.rejects(verifier(first.key).verify(token), refused('it is malformed'), JSON.stringify(header))
  }
  for (const extension of [{ crit: ['b64'] }, { b64: true }, { crit: null }]) {
    const token = `${encode({ alg: 'ES256', ...extension })}.${encode(validClaims())}.${signature}`
    await t.rejects(verifier(first.key).verify(token), refused('it demands an extension that is not supported'))
  }
})
