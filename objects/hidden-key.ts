import { createHash } from 'node:crypto'

/** What stands for an object key where the key, a secret, must not: the beginning of its SHA-256, to tell keys apart. */
export function hideObjectKey (objectKey: string): string {
  return `sha256:${createHash('sha256').update(objectKey).digest('hex').slice(0, 16)}`
}
