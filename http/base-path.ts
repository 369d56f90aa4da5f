/**
 * A URL without the path below which a service is published, for proxies that pass that path on: `/files/usage` becomes
 * `/usage`. Any other URL stays as it is, so that the service can also be reached at its own address.
 *
 * @param basePath of unreserved characters, with a leading and no trailing slash
 */
export function withoutBasePath (url: string, basePath: string): string {
  const end = endOfBasePath(url, basePath)
  if (end === undefined || (end < url.length && !'/?'.includes(url.charAt(end)))) return url
  const rest = url.slice(end)
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** Also matches percent-encoded unreserved characters, which mean the same (RFC 3986, 6.2.2.2). */
function endOfBasePath (url: string, basePath: string): number | undefined {
  if (url.startsWith(basePath)) return basePath.length
  let at = 0
  for (const character of basePath) {
    const encoded = url.charAt(at) === '%' ? url.slice(at, at + 3) : url.charAt(at)
    if (encoded !== character && encoded.toUpperCase() !== `%${character.charCodeAt(0).toString(16).toUpperCase()}`) return undefined
    at += encoded.length
  }
  return at
}

/** The path of a service's public address, which precedes the path of every public URL; empty if it has none. */
export function pathOfAddress (address: string): string {
  return new URL(address).pathname.replace(/\/+$/, '')
}
