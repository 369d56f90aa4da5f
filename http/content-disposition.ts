import { create, encodeExtended } from 'content-disposition'

/** The most that ext4, APFS and NTFS (which counts UTF-16 units) can store. */
const FILE_NAME_MAX_BYTES = 255
/** A longer "extension" is the end of a sentence with a dot in it, and not worth keeping when a name is shortened. */
const EXTENSION_MAX_BYTES = 32

// Removed without a replacement, since they are invisible on screen: control characters (CR and LF would end the header), line
// and paragraph separators, and the marks that reorder text, with which "invoice\u202Egnp.exe" reads as "invoiceexe.png".
const invisible = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu
// Replaced by `_`: what Windows refuses in a name (Microsoft, "Naming Files, Paths, and Namespaces"), including path
// separators, and lone surrogates, which have no UTF-8 form. With the `u` flag \p{Surrogate} does not match half of a pair.
const refused = /[<>:"/\\|?*\p{Surrogate}]/gu
// Windows device names, which mean the device whatever their extension and even with blanks before it (the same document).
const deviceName = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *(?:\.|$)/iu

/**
 * The value of Content-Disposition (RFC 6266), for the response header and for `response-content-disposition` in a pre-signed
 * URL. Pure ASCII. `filename*` has the full name (RFC 8187); `filename`, which precedes it, has a legible ASCII form, for
 * clients that know no other (curl -J). Both are always present, so that a client that reads either one finds it.
 *
 * Both forms are made safe to store. Cleaning `filename*` is not left to the client, although browsers do it themselves:
 * scripts and SDKs decode it and write to that path as it is, on a system that we do not know. Letters of any script, emoji and
 * their joiners stay as they are, and are not normalised.
 */
export function contentDisposition (type: 'attachment' | 'inline', fileName: string): string {
  const name = storableName(fileName)
  return `${create(asciiName(name), { type })}; filename*=${encodeExtended(name)}`
}

/**
 * A name that every common system can store, that hides nothing on screen, and that is neither hidden (a leading dot) nor
 * changed on disk (Windows drops trailing dots and blanks: `a.exe.` is `a.exe`). `download` if nothing is left.
 */
function storableName (fileName: string): string {
  const name = fitted(fileName.replace(invisible, '').replace(refused, '_'))
  return (deviceName.test(name) ? fitted(`_${name}`) : name) || 'download'
}

/**
 * The name in ASCII: letters without their marks if Unicode decomposes them (é to e, ﬁ to fi, Ｗ to W), and `_` for a run of
 * anything else. Decomposition may yield anything (a full-width `／` becomes `/`, `COM¹` becomes `COM1`), so the result is made
 * storable once more. `%41` loses its percent sign, since some browsers decode it in `filename` (RFC 6266, appendix D).
 */
function asciiName (name: string): string {
  const unmarked = name.normalize('NFKD').replace(/\p{M}/gu, '')
  return storableName(unmarked.replace(/[^\x20-\x7e]+/g, '_').replace(/%(?=[0-9a-f]{2})/gi, '_'))
}

/** Without dots and blanks around it, and shortened to what a file system stores, before the extension if there is one. */
function fitted (name: string): string {
  const trimmed = trimEdges(name)
  if (Buffer.byteLength(trimmed) <= FILE_NAME_MAX_BYTES) return trimmed
  const dot = trimmed.lastIndexOf('.')
  const extension = dot > 0 && Buffer.byteLength(trimmed.slice(dot)) <= EXTENSION_MAX_BYTES ? trimmed.slice(dot) : ''
  const stem = trimmed.slice(0, trimmed.length - extension.length)
  return trimEdges(firstBytes(stem, FILE_NAME_MAX_BYTES - Buffer.byteLength(extension)) + extension)
}

function trimEdges (name: string): string {
  return name.replace(/^[.\s]+/, '').replace(/(?<![.\s])[.\s]+$/, '')
}

/** As many whole characters from the start as fit into the given number of UTF-8 bytes. */
function firstBytes (text: string, maxBytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes))
  return text.slice(0, read)
}
