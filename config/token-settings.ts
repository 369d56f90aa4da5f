import type { Config } from './settings.js'

/** The claims that name a caller. */
export function claimNamesOf ({ JWT_CLAIM_USER: userId, JWT_CLAIM_ORG: orgKey, JWT_CLAIM_ROLE: role }: Config) {
  return { userId, orgKey, role }
}

/** Which roles the values of the role claim stand for; undefined if each role stands for itself. */
export function roleValuesOf ({ JWT_ROLE_VALUES: text }: Config): ReadonlyMap<string, string> | undefined {
  if (text === undefined) return undefined
  return new Map(text.split(',').map((pair) => {
    // A value may contain an equals sign, a role cannot.
    const equals = pair.lastIndexOf('=')
    return [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()]
  }))
}

/** Options with which @fastify/jwt signs tokens that this service accepts, using the secret it has. */
export function signingOptions ({ JWT_ISSUER: iss, JWT_AUDIENCE: aud }: Config) {
  return { algorithm: 'HS256', ...iss === undefined ? {} : { iss }, ...aud === undefined ? {} : { aud } } as const
}
