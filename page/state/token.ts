// RFC 6750, 2.1; anything else could not even be sent in a header field.
const bearerToken = /^(?:Bearer\s+)?([A-Za-z0-9._~+/-]+=*)$/i
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The token in pasted text, with or without its scheme; undefined without one. */
export function parseToken (text: string): string | undefined {
  return bearerToken.exec(text.trim())?.[1]
}

/** Whether text is a UUID, which users are named by. */
export function isUuid (text: string): boolean {
  return uuid.test(text)
}

/**
 * Whether a token's user may be an admin. This only decides what to offer, since the service checks each request itself. A
 * token without a known `role` may state it in a claim of another name, or by another value.
 */
export function mayBeAdmin (token: string): boolean {
  const claims = readClaims(token)
  if (claims === undefined) return false
  const roles = [claims.role].flat()
  return roles.includes('admin') || !roles.some((role) => role === 'member' || role === 'service')
}

/** The organisation in a token's usual claim, to show before an answer names it; undefined if there is no such claim. */
export function organisationOf (token: string): string | undefined {
  const orgKey = readClaims(token)?.orgKey
  return typeof orgKey === 'string' ? orgKey : undefined
}

/** The user in a token's usual claim; undefined if there is no such claim. */
export function userOf (token: string): string | undefined {
  const subject = readClaims(token)?.sub
  return typeof subject === 'string' && isUuid(subject) ? subject.toLowerCase() : undefined
}

/** Whether two tokens belong to the same person in the same organisation, as far as they say. */
export function isSamePerson (one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  if (one === other) return true
  const user = userOf(one)
  return user !== undefined && user === userOf(other) && organisationOf(one) === organisationOf(other)
}

function readClaims (token: string): { role?: unknown, sub?: unknown, orgKey?: unknown } | undefined {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')
    const claims: unknown = JSON.parse(atob(payload))
    return typeof claims === 'object' && claims !== null ? claims : undefined
  } catch {
    return undefined
  }
}
