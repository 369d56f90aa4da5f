import { readJsonObject } from './json-object.js'
import { readJsonWebSignature } from './json-web-signature.js'
import type { WantedKey } from './key-selection.js'
import { type ExpectedClaims, checkRegisteredClaims } from './registered-claims.js'
import { TokenRefusedError } from './token-refusal.js'
import { type VerificationKey, isSignedWith } from './verification-key.js'

export interface TokenVerifierOptions extends ExpectedClaims {
  /** The keys that may have signed a token, as `selectKeys` returns them. */
  findKeys: (wanted: WantedKey) => Promise<VerificationKey[]> | VerificationKey[]
}

/** Verifies JSON Web Tokens (RFC 7519, 7.2): the form, the signature, then the registered claims. */
export class TokenVerifier {
  readonly #findKeys
  readonly #expected

  constructor ({ findKeys, ...expected }: TokenVerifierOptions) {
    this.#findKeys = findKeys
    this.#expected = expected
  }

  /**
   * @returns the token's claims; those that are not registered are unchecked
   * @throws {TokenRefusedError}
   * @throws what `findKeys` throws
   */
  async verify (token: string): Promise<Record<string, unknown>> {
    const jws = readJsonWebSignature(token)
    const claims = readJsonObject(jws.payload)
    if (claims === undefined) throw new TokenRefusedError('it is malformed')
    const keys = await this.#findKeys(jws)
    if (!keys.some((key) => isSignedWith(key, jws))) throw new TokenRefusedError('its signature is wrong')
    checkRegisteredClaims(claims, this.#expected, Date.now())
    return claims
  }
}
