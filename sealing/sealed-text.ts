import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { SealingSecrets } from './rotating-secrets.js'

const ALGORITHM = 'aes-256-gcm'
const VERSION = 1
const KEY_ID_BYTES = 4
const HEADER_BYTES = 1 + KEY_ID_BYTES
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Seals what clients keep for the service, so that they can neither read nor forge it. */
export interface Sealer {
  /**
   * @param scope what it is valid for; it opens for nothing else
   * @returns text for a URL: base64url, 44 characters and four for every three bytes of content
   */
  seal: (scope: string, content: Uint8Array) => string
  /** The content; undefined if the text is not one that `seal` made for this purpose and scope, with one of the secrets. */
  open: (scope: string, sealed: string) => Buffer | undefined
}

interface SealingKey {
  id: Buffer
  key: Uint8Array
}

/**
 * Makes the sealer for one purpose. Its texts are base64url of version, key id, nonce (12 bytes), ciphertext and tag (16
 * bytes), by AES-256-GCM (NIST SP 800-38D) with a key that is derived from the secret for that purpose alone (HKDF-SHA-256, RFC
 * 5869). The unencrypted parts, the purpose and the scope are authenticated too.
 *
 * @param secrets are read each time, since they may change
 * @param purpose a name that nothing else in the service uses
 */
export function createSealer (secrets: SealingSecrets, purpose: string): Sealer {
  let { current, others } = secrets
  const derive = (secret: string) => deriveKey(secret, purpose)
  const deriveKeys = () => {
    const sealingKey = derive(current)
    return { sealingKey, keys: [sealingKey, ...others.map(derive)] }
  }
  let derived = deriveKeys()
  const keysNow = () => {
    if (secrets.current !== current || secrets.others !== others) {
      ({ current, others } = secrets)
      derived = deriveKeys()
    }
    return derived
  }
  return {
    seal: (scope, content) => {
      const { sealingKey } = keysNow()
      const header = Buffer.concat([Buffer.from([VERSION]), sealingKey.id])
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(ALGORITHM, sealingKey.key, nonce, { authTagLength: TAG_BYTES })
        .setAAD(additionalData(header, purpose, scope))
      const ciphertext = Buffer.concat([cipher.update(content), cipher.final()])
      return Buffer.concat([header, nonce, ciphertext, cipher.getAuthTag()]).toString('base64url')
    },
    open: (scope, sealed) => {
      const bytes = Buffer.from(sealed, 'base64url')
      // Node also reads other alphabets, padding and unused bits; a sealed text has only one spelling.
      if (bytes.length < HEADER_BYTES + NONCE_BYTES + TAG_BYTES || bytes.toString('base64url') !== sealed) return undefined
      const header = bytes.subarray(0, HEADER_BYTES)
      const key = keysNow().keys.find(({ id }) => id.equals(header.subarray(1)))?.key
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

/** Differs for any two pairs of purpose and scope, since a purpose contains no NUL. */
function additionalData (header: Buffer, purpose: string, scope: string): Buffer {
  return Buffer.concat([header, Buffer.from(`${purpose}\0${scope}`)])
}
