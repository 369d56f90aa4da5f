import { TokenRefusedError } from './token-refusal.js'

/** What a token's claims must say. */
export interface ExpectedClaims {
  /** Any one of these, if there are several. Undefined: anyone. */
  issuer: string | readonly string[] | undefined
  /** Undefined: anyone. */
  audience: string | undefined
  /** How far the issuer's clock may differ from this one. */
  clockToleranceMs: number
}

/**
 * Checks the claims `iss`, `aud`, `nbf` and `exp` (RFC 7519, 4.1). `exp` is required, and so are `iss` and `aud` if they are
 * expected.
 *
 * @throws {TokenRefusedError}
 */
export function checkRegisteredClaims (
  claims: Record<string, unknown>, { issuer, audience, clockToleranceMs }: ExpectedClaims, nowMs: number,
): void {
  // Only the token's own members.
  const own = new Map(Object.entries(claims))
  if (issuer !== undefined) {
    const iss = own.get('iss')
    if (typeof iss !== 'string') throw wrongForm('iss')
    if (![issuer].flat().includes(iss)) throw new TokenRefusedError('it is of another issuer')
  }
  if (audience !== undefined) {
    const aud = own.get('aud')
    const audiences = Array.isArray(aud) ? aud : [aud]
    if (!audiences.every((name) => typeof name === 'string')) throw wrongForm('aud')
    if (!audiences.includes(audience)) throw new TokenRefusedError('it is for another audience')
  }
  const [exp, nbf] = [own.get('exp'), own.get('nbf')]
  if (typeof exp !== 'number') throw wrongForm('exp')
  if (nbf !== undefined && typeof nbf !== 'number') throw wrongForm('nbf')
  if (nbf !== undefined && nowMs < nbf * 1000 - clockToleranceMs) throw new TokenRefusedError('it is not valid yet')
  if (nowMs > exp * 1000 + clockToleranceMs) throw new TokenRefusedError('it has expired')
}

function wrongForm (claim: string): TokenRefusedError {
  return new TokenRefusedError(`its claim ${claim} is missing or has the wrong form`)
}
