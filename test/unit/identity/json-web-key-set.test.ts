import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { readKeySet } from '../../../identity/json-web-key-set.js'
import { makeKey } from '../../support/issuer.js'

const read = (...keys: unknown[]) => readKeySet({ keys })
const rsa = makeKey('RS256', 'one')

t.test('a key stands for the algorithm of its type and curve', async (t) => {
  for (const algorithm of ['RS256', 'ES256', 'ES384', 'ES512', 'EdDSA']) {
    const { jwk, publicKey } = makeKey(algorithm, 'k')
    t.strictSame(read(jwk), [{ keyId: 'k', algorithm, publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }) }])
  }
})

t.test('a key\'s alg is what counts, where it fits the key', async (t) => {
  for (const alg of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']) t.match(read({ ...rsa.jwk, alg }), [{ algorithm: alg }])
})

t.test('a private key by mistake gives its public one', async (t) => {
  const publicKeyPem = rsa.publicKey.export({ type: 'spki', format: 'pem' })
  t.match(read({ ...rsa.privateKey.export({ format: 'jwk' }), kid: 'one' }), [{ publicKeyPem }])
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
    'an EC key that is not on its curve': { ...makeKey('ES256', 'k').jwk, x: Buffer.alloc(32, 1).toString('base64url') },
    'a key of an unknown type': { kty: 'X', kid: 'k' },
    'a key whose kid is no text': { ...rsa.jwk, kid: 7 },
    'a key without its parameters': { kty: 'RSA', kid: 'k' },
    'no key': null,
    text: 'key',
  })) t.strictSame(read(key, rsa.jwk).map(({ keyId }) => keyId), ['one'], name)
})

t.test('what is no key set is refused', async (t) => {
  for (const document of [null, [], 'keys', {}, { keys: {} }, { keys: null }]) t.throws(() => readKeySet(document), TypeError)
})
