import { contentDisposition } from '../http/content-disposition.js'
import { formatHttpDate } from '../http/http-date.js'
import { type InlineActiveContent, activeContentPolicy, inlineSafety, isActiveInline, sentContentType } from './inline-content.js'
import type { Validators } from '../http/preconditions.js'

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

/** Which disposition a file of the stored type is sent with: active content is shown inline only where the setting allows. */
export function effectiveDisposition (
  asked: 'attachment' | 'inline', storedType: string | undefined, setting: InlineActiveContent,
): 'attachment' | 'inline' {
  return setting === 'attachment' && isActiveInline(asked, storedType) ? 'attachment' : asked
}

/** Headers that identify a file's present state: in a 304 as in a 200 (RFC 9110, 15.4.5). */
export function validatorHeaders ({ entityTag, lastModified }: Validators) {
  return {
    ...capabilityHeaders,
    etag: entityTag,
    'last-modified': formatHttpDate(lastModified),
    // A shared cache would serve it to whoever knows the URL, long after the file is gone.
    'cache-control': 'private, no-cache',
    // A client that asks for JSON gets the file's pre-signed URL under the same address.
    vary: 'accept',
  }
}

/** Headers of an answer that stands for the file's bytes, but for the length. */
export function representationHeaders (
  file: Representation, fileName: string, disposition: 'attachment' | 'inline', setting: InlineActiveContent,
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
