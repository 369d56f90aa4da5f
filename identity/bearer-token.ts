import { TokenRefusedError } from './token-refusal.js'

// RFC 6750, 2.1: one scheme, one token, of these characters.
const bearer = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i

/**
 * The bearer token that a request was sent with.
 *
 * @param sent the values of all its Authorization headers
 * @returns undefined if there is none, or the first is empty
 * @throws {TokenRefusedError} if there are several, or it has another form
 */
export function readBearerToken (sent: readonly string[]): string | undefined {
  const [authorization = ''] = sent
  if (authorization === '') return undefined
  if (sent.length > 1) throw new TokenRefusedError('there are several Authorization headers')
  const token = bearer.exec(authorization)?.[1]
  if (token === undefined) throw new TokenRefusedError('it is malformed')
  return token
}
