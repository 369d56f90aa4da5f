import { contentDisposition } from '../http/content-disposition.js'
import { formatHttpDate } from '../http/http-date.js'
import { formatReprDigest } from '../http/repr-digest.js'
import type { Validators } from '../http/preconditions.js'
import type { Digests } from '../objects/digests.js'
import type { Disposition } from './decision.js'
import { type InlineActiveContent, activeContentPolicy, inlineSafety, sentContentType } from './inline-content.js'

/** What a stored file's headers are made from. */
export interface Representation extends Validators {
  contentType: string | undefined
  contentEncoding: string | undefined
  /** Of its bytes; only those that have been verified. */
  digests?: Digests
}

/**
 * On every answer about a file: its URL is a capability, so it is neither passed on as a referrer nor indexed (W3C, "Good
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
 * On every redirect. It must be requested again each time: a cached redirect would also be followed for HEAD, by browsers and
 * by proxies, while its URL is signed for GET. The URL stays the same for its window, so the bytes behind it stay cached. There
 * is no entity tag, since it would have no use: preconditions apply to what is answered with 2xx (RFC 9110, 13.2.1).
 */
export const redirectHeaders = {
  ...capabilityHeaders,
  'cache-control': 'private, no-cache',
  // A client that asks for JSON gets the URL in a body, at the same address.
  vary: 'accept',
} as const

/**
 * On every answer of an object storage that shares the service's origin, whatever is stored: it is shown in a sandbox with an
 * origin of its own, and only pages of the same site can embed it.
 *
 * @param contentType that a file is sent with; undefined if unknown
 */
export function sharedOriginHeaders (contentType: string | undefined): Record<string, string> {
  return {
    ...capabilityHeaders,
    'cross-origin-resource-policy': 'same-site',
    'content-security-policy': inlineSafety(contentType) === 'safe' ? 'sandbox' : activeContentPolicy('sandbox'),
  }
}

/** Headers that identify a file's current state: in a 304 as in a 200 (RFC 9110, 15.4.5). */
export function validatorHeaders ({ entityTag, lastModified }: Validators) {
  return {
    ...capabilityHeaders,
    etag: entityTag,
    'last-modified': formatHttpDate(lastModified),
    // A shared cache would serve it to anyone who knows the URL, long after the file is gone.
    'cache-control': 'private, no-cache',
    // A client that asks for JSON gets the file's pre-signed URL at the same address.
    vary: 'accept',
  }
}

/** Headers of an answer that carries the file's bytes, except for the length. */
export function representationHeaders (
  file: Representation, fileName: string, disposition: Disposition, setting: InlineActiveContent,
): Record<string, string> {
  const reprDigest = formatReprDigest(file.digests ?? {})
  return {
    ...validatorHeaders(file),
    'content-type': sentContentType(file.contentType),
    'content-disposition': contentDisposition(disposition, fileName),
    'accept-ranges': 'bytes',
    ...file.contentEncoding === undefined ? {} : { 'content-encoding': file.contentEncoding },
    ...inlineSafety(file.contentType) === 'active' ? { 'content-security-policy': activeContentPolicy(setting) } : {},
    ...reprDigest === undefined ? {} : { 'repr-digest': reprDigest },
  }
}

/** Headers of an archive, except for its length. */
export function archiveHeaders (
  { entityTag, mediaType, fileName }: { entityTag: string, mediaType: string, fileName: string },
): Record<string, string> {
  return {
    ...capabilityHeaders,
    etag: entityTag,
    'cache-control': 'private, no-cache',
    'content-type': mediaType,
    'content-disposition': contentDisposition('attachment', fileName),
    'accept-ranges': 'bytes',
  }
}
