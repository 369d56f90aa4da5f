import { contentDisposition } from '../http/content-disposition.js'
import { formatHttpDate } from '../http/http-date.js'
import type { Validators } from '../http/preconditions.js'
import type { Disposition } from './decision.js'
import { type InlineActiveContent, activeContentPolicy, inlineSafety, sentContentType } from './inline-content.js'
import type { DownloadLink } from './links.js'

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

/** On every redirect: a client that asks for JSON gets the URL as that, under the same address. */
export const redirectHeaders = { ...capabilityHeaders, vary: 'accept' } as const

/** For how long a redirect may be kept: as long as the URL stays the same, which then works for half its life more. */
export function redirectCacheControl ({ sameUntil }: DownloadLink, now: number): string {
  return `private, max-age=${Math.max(0, Math.floor((sameUntil.getTime() - now) / 1000))}`
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
