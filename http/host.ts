import { headerValues } from './raw-headers.js'

// RFC 3986, 3.2.2 and 3.2.3: a name, which may be empty, or an address in brackets; and a port.
const authority = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*(?::\d*)?$|^\[[0-9A-Fa-f:.]+\](?::\d*)?$/

/**
 * What is wrong with how a request names its host (RFC 9112, 3.2): it must do so once, in a well-formed Host header, which only
 * HTTP/1.0 may leave out.
 *
 * @returns a sentence, or undefined if nothing is wrong
 */
export function hostFault ({ rawHeaders, httpVersion }: { rawHeaders: string[], httpVersion: string }): string | undefined {
  const [host, ...more] = headerValues(rawHeaders, 'host')
  if (host === undefined) return httpVersion === '1.0' ? undefined : 'There is no Host header.'
  if (more.length > 0) return 'There are several Host headers.'
  return authority.test(host) ? undefined : 'The Host header names no host.'
}
