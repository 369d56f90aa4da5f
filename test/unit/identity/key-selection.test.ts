import { createSecretKey } from 'node:crypto'
import * as fc from 'fast-check'
import t from 'tap'
import { selectKeys } from '../../../identity/key-selection.js'
import type { VerificationKey } from '../../../identity/verification-key.js'

const key = createSecretKey('any', 'utf8')
const TRIED_MAX = 4
// Few ids and algorithms, so that keys share them.
const verificationKey: fc.Arbitrary<VerificationKey> = fc.record({
  keyId: fc.constantFrom(undefined, 'one', 'two', ''),
  algorithm: fc.constantFrom('RS256' as const, 'ES256' as const, 'EdDSA' as const),
  key: fc.constant(key),
})
const keys = fc.oneof(
  fc.array(verificationKey, { maxLength: 8 }),
  // More keys of one kind than are tried.
  fc.tuple(verificationKey, fc.integer({ min: 5, max: 9 }), fc.array(verificationKey, { maxLength: 3 }))
    .map(([one, count, others]) => [...Array.from({ length: count }, () => ({ ...one })), ...others]),
)
const algorithm = fc.constantFrom('RS256', 'ES256', 'EdDSA', 'Ed25519', 'HS256')

/** The keys that a token is tried with; undefined if it is refused. */
function select (known: readonly VerificationKey[], wanted: { algorithm: string, keyId: string | undefined }) {
  try {
    return selectKeys(known, wanted)
  } catch {
    return undefined
  }
}

const fits = (name: string) => ({ algorithm }: VerificationKey) => algorithm === (name === 'Ed25519' ? 'EdDSA' : name)

t.test('a token that names no key is tried with the one key that fits its algorithm, and refused where several do', async () => {
  fc.assert(fc.property(keys, algorithm, (known, name) => {
    const fitting = known.filter(fits(name))
    const selected = select(known, { algorithm: name, keyId: undefined })
    if (fitting.length > 1) return selected === undefined
    return selected?.length === fitting.length && selected.every((each) => fitting.includes(each))
  }))
})

t.test('a token that names a key is tried with keys of that name and its algorithm alone', async () => {
  fc.assert(fc.property(keys, algorithm, fc.constantFrom('one', 'two', ''), (known, name, keyId) => {
    fc.pre(known.some((each) => each.keyId === keyId))
    const fitting = known.filter((each) => each.keyId === keyId).filter(fits(name))
    const selected = select(known, { algorithm: name, keyId })
    if (fitting.length === 0) return selected === undefined
    return selected?.length === Math.min(fitting.length, TRIED_MAX) && selected.every((each) => fitting.includes(each))
  }))
})

t.test('a token that names a key which nobody has is tried with keys without a name alone', async () => {
  fc.assert(fc.property(keys, algorithm, (known, name) => {
    const nameless = known.filter((each) => each.keyId === undefined).filter(fits(name))
    const selected = select(known, { algorithm: name, keyId: 'of nobody' })
    return selected?.length === Math.min(nameless.length, TRIED_MAX) && selected.every((each) => nameless.includes(each))
  }))
})
