import { canonicalAlgorithm } from './signature-algorithm.js'
import { TokenRefusedError } from './token-refusal.js'
import type { VerificationKey } from './verification-key.js'

/** What a token says about its key. */
export interface WantedKey {
  algorithm: string
  keyId: string | undefined
}

// Each costs a verification: a token must not cause a whole set to be tried.
const CANDIDATES_MAX = 4

/**
 * The keys that may have signed a token, to be tried in turn: those with the id that it names, which need not be unique (RFC
 * 7517, 4.5); if no key has that id, those without one; if it names none, the only key that fits its algorithm.
 *
 * @returns none if no key fits: a set that is fetched again may have one
 * @throws {TokenRefusedError} if no newer set would help
 */
export function selectKeys (keys: readonly VerificationKey[], { algorithm: name, keyId }: WantedKey): VerificationKey[] {
  const algorithm = canonicalAlgorithm(name)
  const fitting = keys.filter((key) => key.algorithm === algorithm)
  if (keyId === undefined) {
    if (fitting.length > 1) throw new TokenRefusedError('it names no key, and several keys fit its algorithm')
    return fitting
  }
  if (keys.every((key) => key.keyId !== keyId)) return fitting.filter((key) => key.keyId === undefined).slice(0, CANDIDATES_MAX)
  const named = fitting.filter((key) => key.keyId === keyId)
  if (named.length === 0) throw new TokenRefusedError('it is signed with another algorithm')
  return named.slice(0, CANDIDATES_MAX)
}
