import { TokenRefusedError } from './token-refusal.js'

/** The issuer's names in Google's ID tokens ("OpenID Connect", "Validating an ID token"). */
export const GOOGLE_ISSUERS = ['https://accounts.google.com', 'accounts.google.com']
/** The algorithm with which Google signs them. */
export const GOOGLE_ALGORITHM = 'RS256'

/**
 * Checks that a verified token of a push subscription names the service account as which Pub/Sub authenticates (Pub/Sub
 * documentation, "Authentication for push subscriptions"). The audience alone proves nothing: anyone can have Google sign a
 * token for any audience, with an account of their own.
 *
 * @throws {TokenRefusedError}
 */
export function checkPushAccount (claims: Record<string, unknown>, account: string): void {
  const own = new Map(Object.entries(claims))
  if (own.get('email') !== account) throw new TokenRefusedError('it is of another account')
  if (own.get('email_verified') !== true) throw new TokenRefusedError('its claim email_verified is missing or has the wrong form')
}
