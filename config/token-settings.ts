import type { Config } from './settings.js'

/** The claims that name a caller. */
export function claimNamesOf ({ JWT_CLAIM_USER: userId, JWT_CLAIM_ORG: orgKey, JWT_CLAIM_ROLE: role }: Config) {
  return { userId, orgKey, role }
}

/** How @fastify/jwt signs tokens that this service accepts, with the secret that it has. */
export function signingOptions ({ JWT_ISSUER: iss, JWT_AUDIENCE: aud }: Config) {
  return { algorithm: 'HS256', ...iss === undefined ? {} : { iss }, ...aud === undefined ? {} : { aud } } as const
}
