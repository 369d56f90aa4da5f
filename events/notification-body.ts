import { isUtf8 } from 'node:buffer'

const BYTE_ORDER_MARK = 0xfeff

/** Parses the body of a notification; undefined where it is not JSON in UTF-8. */
export function parseNotificationBody (bytes: Buffer): unknown {
  // Decoded, a key in another encoding would be that of a file which is not there.
  if (!isUtf8(bytes)) return undefined
  try {
    const text = bytes.toString()
    return JSON.parse(text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text)
  } catch {
    return undefined
  }
}

/** A body as text, to be looked at and, where it was text, to be read again: what is not UTF-8 is given as base64. */
export function notificationText (bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString() : bytes.toString('base64')
}
