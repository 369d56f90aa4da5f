import { createDecipheriv, hkdfSync } from 'node:crypto'

const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Opens a cursor of version 0.1, which had another format and was sealed with a key derived from the object storage's secret
 * key. Clients send them back right after an update; version 0.3 drops this file.
 *
 * @returns undefined if it is not a cursor for the scope
 */
export function openFirstCursor (secret: string, scope: string, cursor: string): string | undefined {
  const bytes = Buffer.from(cursor, 'base64url')
  if (bytes.length < NONCE_BYTES + TAG_BYTES || bytes.toString('base64url') !== cursor) return undefined
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'objects-storage listing cursor', 32))
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(scope)).setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString()
  } catch {
    return undefined
  }
}
