// RFC 6750, 2.1; anything else could not even be sent in a header field.
const bearerToken = /^(?:Bearer\s+)?([A-Za-z0-9._~+/-]+=*)$/i

/**
 * The token in pasted text, with or without its scheme.
 *
 * @param {string} text
 * @returns {string | undefined} undefined without one
 */
export function parseToken (text) {
  return bearerToken.exec(text.trim())?.[1]
}

/**
 * Takes the token out of the address (`#token=…`), so that it is neither seen, bookmarked nor copied with it. The fragment
 * of an address is never sent to a server (RFC 3986, 3.5).
 *
 * @returns {string | undefined} undefined if the address has none
 */
export function takeTokenFromAddress () {
  const { hash, pathname, search } = window.location
  const token = new URLSearchParams(hash.slice(1)).get('token')
  if (token === null) return undefined
  window.history.replaceState(null, '', pathname + search)
  return parseToken(token)
}

/**
 * Whether a token's user may be an admin. This only decides what to offer, since the service checks each request itself. A
 * token without a known `role` may state it in a claim of another name, or by another value.
 *
 * @param {string} token
 * @returns {boolean}
 */
export function mayBeAdmin (token) {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')
    const roles = [JSON.parse(window.atob(payload)).role].flat()
    return roles.includes('admin') || !roles.some((role) => role === 'member' || role === 'service')
  } catch {
    return false
  }
}
