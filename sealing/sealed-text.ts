import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
const VERSION = 1
const KEY_ID_BYTES = 4
const HEADER_BYTES = 1 + KEY_ID_BYTES
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** The secrets that all replicas share. */
export interface SealingSecrets {
  /** Seals. */
  current: string
  /** Opens only: what was sealed before `current` took its place. */
  previous: string | undefined
}

/** Seals what clients keep for the service, so that they can neither read it nor make it up. */
export interface Sealer {
  /**
   * @param scope what it is good for; it opens for nothing else
   * @returns text for a URL: base64url, 44 characters and four for every three bytes of content
   */
  seal: (scope: string, content: Uint8Array) => string
  /** The content; undefined where the text is not one that `seal` made for this purpose and scope, with one of the secrets. */
  open: (scope: string, sealed: string) => Buffer | undefined
}

interface SealingKey {
  id: Buffer
  key: Uint8Array
}

/**
 * Makes what is sealed for one purpose: base64url of version, key id, nonce (12 bytes), ciphertext and tag (16 bytes), by
 * AES-256-GCM (NIST SP 800-38D) with a key that is derived from the secret for that purpose alone (HKDF-SHA-256, RFC 5869).
 * What is not secret, and purpose and scope, are authenticated with it.
 *
 * @param purpose a name that nothing else in the service goes by
 */
export function createSealer ({ current, previous }: SealingSecrets, purpose: string): Sealer {
  const sealingKey = deriveKey(current, purpose)
  const keys = previous === undefined ? [sealingKey] : [sealingKey, deriveKey(previous, purpose)]
  return {
    seal: (scope, content) => {
      const header = Buffer.concat([Buffer.from([VERSION]), sealingKey.id])
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(ALGORITHM, sealingKey.key, nonce, { authTagLength: TAG_BYTES })
        .setAAD(additionalData(header, purpose, scope))
      const ciphertext = Buffer.concat([cipher.update(content), cipher.final()])
      return Buffer.concat([header, nonce, ciphertext, cipher.getAuthTag()]).toString('base64url')
    },
    open: (scope, sealed) => {
      const bytes = Buffer.from(sealed, 'base64url')
      // Node reads other alphabets, padding and unused bits, too; what is sealed has one spelling.
      if (bytes.length < HEADER_BYTES + NONCE_BYTES + TAG_BYTES || bytes.toString('base64url') !== sealed) return undefined
      const header = bytes.subarray(0, HEADER_BYTES)
      const key = keys.find(({ id }) => id.equals(header.subarray(1)))?.key
      if (header[0] !== VERSION || key === undefined) return undefined
      const nonce = bytes.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES)
      const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
        .setAAD(additionalData(header, purpose, scope)).setAuthTag(bytes.subarray(-TAG_BYTES))
      try {
        return Buffer.concat([decipher.update(bytes.subarray(HEADER_BYTES + NONCE_BYTES, -TAG_BYTES)), decipher.final()])
      } catch {
        return undefined
      }
    },
  }
}

function deriveKey (secret: string, purpose: string): SealingKey {
  const derive = (info: string, length: number) => new Uint8Array(hkdfSync('sha256', secret, '', `objects-storage ${info}`, length))
  return { id: Buffer.from(derive(`key id of ${purpose}`, KEY_ID_BYTES)), key: derive(`key of ${purpose}`, 32) }
}

/** No two purposes and scopes give the same: a purpose holds no NUL. */
function additionalData (header: Buffer, purpose: string, scope: string): Buffer {
  return Buffer.concat([header, Buffer.from(`${purpose}\0${scope}`)])
}
