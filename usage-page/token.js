// RFC 6750, 2.1; what else is in a header field would not even be sent.
const bearerToken = /^(?:Bearer\s+)?([A-Za-z0-9._~+/-]+=*)$/i

/**
 * The token in a text that was pasted, with or without its scheme.
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
 * @returns {string | undefined} undefined where the address has none
 */
export function takeTokenFromAddress () {
  const { hash, pathname, search } = window.location
  const token = new URLSearchParams(hash.slice(1)).get('token')
  if (token === null) return undefined
  window.history.replaceState(null, '', pathname + search)
  return parseToken(token)
}

/**
 * Whether a token's user may be an admin: only to know what to offer, since the service judges each request itself. A token
 * without a `role` that is known may say it in a claim of another name, or by another value.
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
