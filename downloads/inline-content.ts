import { parseMediaType } from '../http/media-type.js'

/** How content that can run code is answered if it is asked for inline: the setting INLINE_ACTIVE_CONTENT. */
export type InlineActiveContent = 'sandbox' | 'scripts' | 'attachment'

/** `safe`: a browser only shows it. `active`: it could run code, or nobody knows whether it could. */
export type InlineSafety = 'safe' | 'active'

const SAFE_TYPES = new Set(['application/pdf', 'application/json', 'text/plain', 'text/csv'])
const safeFamily = /^(?:image|audio|video)\//
// A browser shows any type with this suffix as an XML document, and XML can carry scripts (SVG, XHTML):
// https://mimesniff.spec.whatwg.org/#xml-mime-type
const xmlSuffix = /\+xml$/

/**
 * The type a file is sent with: the one it was stored with, or `application/octet-stream` if there is none or it breaks the
 * grammar of RFC 9110, section 8.3.1. No charset is added: only the file's author knows it, and a wrong one garbles the text.
 */
export function sentContentType (storedType: string | undefined): string {
  if (storedType === undefined || parseMediaType(storedType) === undefined) return 'application/octet-stream'
  return storedType.trim()
}

/**
 * Whether a file of the stored type may be shown inline as it is: raster images, audio, video, PDF, plain text, CSV and JSON.
 * An allow-list, so that a type nobody thought of is active. It holds only if the file is sent with the type from
 * `sentContentType` and with `X-Content-Type-Options: nosniff`.
 */
export function inlineSafety (storedType: string | undefined): InlineSafety {
  const essence = storedType === undefined ? undefined : parseMediaType(storedType)?.essence
  if (essence === undefined) return 'active'
  return SAFE_TYPES.has(essence) || (safeFamily.test(essence) && !xmlSuffix.test(essence)) ? 'safe' : 'active'
}

// The document gets an origin of its own, so it reaches neither cookies nor storage nor the API, and may not open windows,
// send forms or refresh itself elsewhere. Beyond that, nothing is loaded from any network, the service's own host included,
// so that a report neither calls home when opened nor asks the service for more. What a self-contained report carries within
// itself is shown: inline styles, and pictures, fonts, sounds and style sheets as data: URLs.
const SANDBOX_SOURCES =
  "default-src 'none'; style-src 'unsafe-inline' data:; img-src data:; font-src data:; media-src data:"

// Scripts run, but in an origin of their own (never allow-same-origin) and without a network to talk to: fetch, sockets and
// frames fall under default-src, and WebRTC, which does not, has a directive that Firefox knows. Inline scripts being
// allowed, data: URLs and eval add no power; report generators (pandoc, Vega) depend on them. What no policy can stop is a
// script that navigates its own window away, with what the document holds in the address.
const SCRIPTS_SOURCES =
  "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' data:; style-src 'unsafe-inline' data:; " +
  "img-src data: blob:; font-src data:; media-src data: blob:; webrtc 'block'"

/**
 * The Content-Security-Policy under which active content is sent (CSP Level 3; the sandbox flags are HTML's). With
 * `attachment` it is the strictest, for a client that shows the document in spite of its disposition.
 */
export function activeContentPolicy (setting: InlineActiveContent): string {
  return setting === 'scripts' ? `sandbox allow-scripts; ${SCRIPTS_SOURCES}` : `sandbox; ${SANDBOX_SOURCES}`
}
