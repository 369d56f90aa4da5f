import { generateKeyPairSync, getDiffieHellman } from 'node:crypto'
import t from 'tap'
import { readKeySet } from '../../../identity/json-web-key-set.js'
import { makeKey } from '../../support/issuer.js'

const read = (...keys: unknown[]) => readKeySet({ keys })
const rsa = makeKey('RS256', 'one')
const ed25519 = makeKey('EdDSA', 'k')
const modulus = Buffer.from(String(rsa.jwk.n), 'base64url')
const encodeNumber = (value: bigint) => Buffer.from(value.toString(16).padStart(512, '0'), 'hex').toString('base64url')
const modulusNumber = BigInt(`0x${modulus.toString('hex')}`)
/** The same bytes in another spelling: the unused bits of the last character are not zero. */
const respelled = (text: unknown) => String(text).replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1))

t.test('a key stands for the algorithm of its type and curve', async (t) => {
  for (const algorithm of ['RS256', 'ES256', 'ES384', 'ES512', 'EdDSA']) {
    const { jwk, publicKey } = makeKey(algorithm, 'k')
    const [key] = read(jwk)
    t.match(key, { keyId: 'k', algorithm })
    t.ok(key?.key.equals(publicKey))
  }
})

t.test('a key\'s alg is what counts, where it fits the key', async (t) => {
  for (const alg of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']) t.match(read({ ...rsa.jwk, alg }), [{ algorithm: alg }])
  for (const alg of ['EdDSA', 'Ed25519']) t.match(read({ ...ed25519.jwk, alg }), [{ algorithm: 'EdDSA' }])
})

t.test('a private key by mistake gives its public one', async (t) => {
  const [key] = read({ ...rsa.privateKey.export({ format: 'jwk' }), kid: 'one' })
  t.equal(key?.key.type, 'public')
  t.ok(key?.key.equals(rsa.publicKey))
})

t.test('what cannot verify signatures is passed over', async (t) => {
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  for (const [name, key] of Object.entries({
    'a symmetric key': { kty: 'oct', k: 'AAAA', alg: 'HS256' },
    'an RSA key for HS256': { ...rsa.jwk, alg: 'HS256' },
    'an RSA key for none': { ...rsa.jwk, alg: 'none' },
    'an RSA key for encryption, by alg': { ...rsa.jwk, alg: 'RSA-OAEP' },
    'an RSA key for encryption, by use': { ...rsa.jwk, use: 'enc' },
    'a key that may only sign': { ...rsa.jwk, key_ops: ['sign'] },
    'an RSA key for ES256': { ...rsa.jwk, alg: 'ES256' },
    'an EC key for another curve\'s algorithm': { ...makeKey('ES384', 'k').jwk, alg: 'ES256' },
    'a short RSA key': { ...short, kid: 'k' },
    'an RSA key with exponent 1': { ...rsa.jwk, kid: 'k', e: 'AQ' },
    'an RSA key with exponent 2': { ...rsa.jwk, kid: 'k', e: 'Ag' },
    'an RSA key with an even exponent': { ...rsa.jwk, kid: 'k', e: 'AQAA' },
    'an RSA key with exponent 0': { ...rsa.jwk, kid: 'k', e: 'AA' },
    'an RSA key with an even modulus': { ...rsa.jwk, kid: 'k', n: encodeNumber(modulusNumber - 1n) },
    'an RSA key with a modulus that 167 divides': { ...rsa.jwk, kid: 'k', n: encodeNumber(modulusNumber - modulusNumber % 334n + 167n) },
    'an RSA key with a prime modulus': { ...rsa.jwk, kid: 'k', n: getDiffieHellman('modp14').getPrime('base64url') },
    'an RSA modulus with unused bits': { ...rsa.jwk, kid: 'k', n: respelled(rsa.jwk.n) },
    'an RSA modulus with padding': { ...rsa.jwk, kid: 'k', n: `${String(rsa.jwk.n)}==` },
    'an RSA modulus with a line break': { ...rsa.jwk, kid: 'k', n: `${String(rsa.jwk.n)}\n` },
    'an RSA modulus of another alphabet': { ...rsa.jwk, kid: 'k', n: modulus.toString('base64') },
    'an Ed25519 key with unused bits': { ...ed25519.jwk, x: respelled(ed25519.jwk.x) },
    'an Ed25519 key of small order': { ...ed25519.jwk, x: Buffer.from('01'.padEnd(64, '0'), 'hex').toString('base64url') },
    'an Ed25519 key of small order with the other sign': { ...ed25519.jwk, x: Buffer.from('ec'.padEnd(64, 'f'), 'hex').toString('base64url') },
    'an Ed25519 key that is too short': { ...ed25519.jwk, x: Buffer.alloc(31, 1).toString('base64url') },
    'a key of another Edwards curve': { ...generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' }), kid: 'k' },
    'a key for agreement': { ...generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }), kid: 'k' },
    'a key of another elliptic curve': { ...generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' }), kid: 'k' },
    'a key for Ed448': { ...ed25519.jwk, alg: 'Ed448' },
    'a key whose use is no text': { ...rsa.jwk, kid: 'k', use: ['sig'] },
    'a key whose key_ops are text': { ...rsa.jwk, kid: 'k', key_ops: 'verify' },
    'an EC key that is not on its curve': { ...makeKey('ES256', 'k').jwk, x: Buffer.alloc(32, 1).toString('base64url') },
    'a key of an unknown type': { kty: 'X', kid: 'k' },
    'a key whose kid is no text': { ...rsa.jwk, kid: 7 },
    'a key without its parameters': { kty: 'RSA', kid: 'k' },
    'no key': null,
    text: 'key',
  })) t.strictSame(read(key, rsa.jwk).map(({ keyId }) => keyId), ['one'], name)
})

t.test('an exponent of 3 is allowed', async (t) => {
  const key = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey.export({ format: 'jwk' })
  t.match(read(key), [{ algorithm: 'RS256' }])
})

t.test('what is not a key set is refused', async (t) => {
  for (const document of [null, [], 'keys', {}, { keys: {} }, { keys: null }]) {
    t.throws(() => readKeySet(document), new TypeError('The document is not a JSON Web Key Set.'))
  }
})
