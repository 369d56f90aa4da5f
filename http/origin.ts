/**
 * The origin that a request was sent to, given its scheme and its Host header.
 *
 * @returns undefined if the header names no host (RFC 9112, 3.2)
 */
export function requestedOrigin (scheme: string, host: string): string | undefined {
  const origin = `${scheme}://${host}`
  return /^([a-z0-9._~-]+|\[[0-9a-f:.]+\])(:\d+)?$/i.test(host) && URL.canParse(origin) ? origin : undefined
}
