// Most keys, names and values need no encoding, and checking for that is faster than encoding.
const reserved = /[^A-Za-z0-9\-._~]/
// Reserved characters that encodeURIComponent leaves alone.
const reservedMarks: Record<string, string> = { '!': '%21', '\'': '%27', '(': '%28', ')': '%29', '*': '%2A' }
const reservedInPath = /[^A-Za-z0-9\-._~/]/

/**
 * Percent-encodes UTF-8: all but the unreserved characters of RFC 3986, 2.3, as signatures require. A URL made of them also
 * survives Markdown, chat and mail, which take `*`, `'` or a parenthesis for the end of it.
 *
 * @throws {URIError} on a lone surrogate
 */
export function encodeComponent (value: string): string {
  if (!reserved.test(value)) return value
  return encodeURIComponent(value).replace(/[!'()*]/g, (character) => reservedMarks[character] ?? character)
}

/**
 * Percent-encodes an object key for a URL's path: like `encodeComponent`, but `/` stays.
 *
 * @throws {URIError} on a lone surrogate
 */
export function encodePath (objectKey: string): string {
  if (!reservedInPath.test(objectKey)) return objectKey
  return encodeComponent(objectKey).replaceAll('%2F', '/')
}
