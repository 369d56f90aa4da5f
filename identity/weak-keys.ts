import { type KeyObject, checkPrimeSync } from 'node:crypto'

// RFC 7518, 3.3: a smaller one must not be used.
const RSA_MIN_BITS = 2048
// RFC 8017, 3.1. With an exponent of 1, a message is its own signature.
const RSA_MIN_EXPONENT = 3n
const SMALL_PRIMES = [
  2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127,
  131, 137, 139, 149, 151, 157, 163, 167,
]
// Ed25519's points of small order, in all their encodings but for the sign of x (libsodium, ge25519_has_small_order): with such
// a key, anyone can forge a signature that is valid for every message.
const ED25519_SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])

/**
 * Whether others might be able to sign with an RSA key, as far as its public part shows: it is too short, has an exponent that
 * RFC 8017 does not allow or a modulus that is prime or has a small factor, or comes from the generator of CVE-2017-15361
 * (ROCA).
 */
export function isWeakRsaKey (publicKey: KeyObject): boolean {
  const { modulusLength = 0, publicExponent = 0n } = publicKey.asymmetricKeyDetails ?? {}
  if (modulusLength < RSA_MIN_BITS || publicExponent < RSA_MIN_EXPONENT || publicExponent % 2n === 0n) return true
  const modulus = BigInt(`0x${Buffer.from(publicKey.export({ format: 'jwk' }).n ?? '', 'base64url').toString('hex')}`)
  return SMALL_PRIMES.some((prime) => modulus % BigInt(prime) === 0n) || isRoca(modulus) || checkPrimeSync(modulus)
}

/**
 * The fingerprint of Nemec and others, "The Return of Coppersmith's Attack" (2017): modulo every small prime, the modulus is a
 * power of 65537. One in 2^27 other keys looks like that, too.
 */
function isRoca (modulus: bigint): boolean {
  return SMALL_PRIMES.every((prime) => {
    const powers = new Set<number>()
    for (let power = 1; !powers.has(power); power = power * 65537 % prime) powers.add(power)
    return powers.has(Number(modulus % BigInt(prime)))
  })
}

/** Whether an Ed25519 key is a point of small order, so that anyone can sign with it. */
export function isWeakEd25519Key (publicKey: KeyObject): boolean {
  const point = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
  const [signAndLast = 0] = point.subarray(-1)
  point[point.length - 1] = signAndLast & 0x7f
  return ED25519_SMALL_ORDER.has(point.toString('hex'))
}
