/**
 * A URL's path and query without a slash at the end of the path: `/events/?a=b` becomes `/events?a=b`. The root stays as it is.
 */
export function withoutTrailingSlash (url: string): string {
  const mark = url.indexOf('?')
  const end = mark === -1 ? url.length : mark
  return end > 1 && url.charAt(end - 1) === '/' ? url.slice(0, end - 1) + url.slice(end) : url
}
