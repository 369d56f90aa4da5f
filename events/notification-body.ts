import { isUtf8 } from 'node:buffer'

const BYTE_ORDER_MARK = 0xfeff

/** Parses the body of a notification; undefined if it is not JSON in UTF-8. */
export function parseNotificationBody (bytes: Buffer): unknown {
  // Decoding a key that is in another encoding would give the key of a file that does not exist.
  if (!isUtf8(bytes)) return undefined
  try {
    const text = bytes.toString()
    return JSON.parse(text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text)
  } catch {
    return undefined
  }
}

/** A body as text, for people to look at and, if it was text, for a replay to read again; what is not UTF-8 becomes base64. */
export function notificationText (bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString() : bytes.toString('base64')
}
