import { contentDisposition } from '../http/content-disposition.js'
import { formatHttpDate } from '../http/http-date.js'
import type { Validators } from '../http/preconditions.js'
import type { Disposition } from './decision.js'
import { type InlineActiveContent, activeContentPolicy, inlineSafety, sentContentType } from './inline-content.js'

/** What of a stored file shows in its headers. */
export interface Representation extends Validators {
  contentType: string | undefined
  contentEncoding: string | undefined
}

/**
 * On every answer about a file: its URL is a capability, so it is neither handed on as a referrer nor indexed (W3C, "Good
 * Practices for Capability URLs", 5), and a browser must not guess another type than the one declared.
 */
export const capabilityHeaders = {
  'referrer-policy': 'no-referrer',
  'x-robots-tag': 'noindex',
  'x-content-type-options': 'nosniff',
} as const

/** On JSON that holds object keys or pre-signed URLs. */
export const capabilityJsonHeaders = { ...capabilityHeaders, 'cache-control': 'private, no-store' } as const

/**
 * On every redirect. It is asked for again each time: kept, it would also be followed for HEAD, by browsers and by proxies, and
 * its URL is signed for GET. The URL stays the same for its window, so the bytes behind it stay cached. No entity tag, as none
 * could be asked about: preconditions are for what is answered with 2xx (RFC 9110, 13.2.1).
 */
export const redirectHeaders = {
  ...capabilityHeaders,
  'cache-control': 'private, no-cache',
  // A client that asks for JSON gets the URL as that, under the same address.
  vary: 'accept',
} as const

/**
 * On every answer of an object storage that shares the service's origin, whatever is stored: it is shown in a sandbox with an
 * origin of its own, and can be embedded by pages of the same site alone.
 *
 * @param contentType that a file is sent with; undefined where that is not known
 */
export function sharedOriginHeaders (contentType: string | undefined): Record<string, string> {
  return {
    ...capabilityHeaders,
    'cross-origin-resource-policy': 'same-site',
    'content-security-policy': inlineSafety(contentType) === 'safe' ? 'sandbox' : activeContentPolicy('sandbox'),
  }
}

/** Headers that identify a file's present state: in a 304 as in a 200 (RFC 9110, 15.4.5). */
export function validatorHeaders ({ entityTag, lastModified }: Validators) {
  return {
    ...capabilityHeaders,
    etag: entityTag,
    'last-modified': formatHttpDate(lastModified),
    // A shared cache would serve it to anyone who knows the URL, long after the file is gone.
    'cache-control': 'private, no-cache',
    // A client that asks for JSON gets the file's pre-signed URL under the same address.
    vary: 'accept',
  }
}

/** Headers of an answer that stands for the file's bytes, but for the length. */
export function representationHeaders (
  file: Representation, fileName: string, disposition: Disposition, setting: InlineActiveContent,
): Record<string, string> {
  return {
    ...validatorHeaders(file),
    'content-type': sentContentType(file.contentType),
    'content-disposition': contentDisposition(disposition, fileName),
    'accept-ranges': 'bytes',
    ...file.contentEncoding === undefined ? {} : { 'content-encoding': file.contentEncoding },
    ...inlineSafety(file.contentType) === 'active' ? { 'content-security-policy': activeContentPolicy(setting) } : {},
  }
}
