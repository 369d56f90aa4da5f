import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Where a listing goes on from, for a client to hand back. */
export interface ListingCursors {
  /**
   * @param scope what is listed; the cursor is of no use for anything else
   * @param objectKey the last one listed; at most 1,024 bytes
   */
  seal: (scope: string, objectKey: string) => string
  /** The object key in a cursor; undefined where it is not one that `seal` made for the same scope. */
  open: (scope: string, cursor: string) => string | undefined
}

/**
 * Makes cursors that tell nothing and cannot be made up: encrypted, since they stand in URLs and an object key is a secret,
 * and authenticated (AES-256-GCM, NIST SP 800-38D), with a key that is derived from a secret of all replicas (RFC 5869).
 */
export function createListingCursors (secret: string): ListingCursors {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'objects-storage listing cursor', 32))
  return {
    seal: (scope, objectKey) => {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(scope))
      const sealed = Buffer.concat([cipher.update(objectKey, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')
    },
    open: (scope, cursor) => {
      const bytes = Buffer.from(cursor, 'base64url')
      // Node reads other alphabets and padding, too; one cursor should have one form.
      if (bytes.length < NONCE_BYTES + TAG_BYTES || bytes.toString('base64url') !== cursor) return undefined
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(scope)).setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
      try {
        return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString()
      } catch {
        return undefined
      }
    },
  }
}
