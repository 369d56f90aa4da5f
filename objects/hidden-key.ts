import { hash } from 'node:crypto'

/** What stands for an object key where the key, a secret, must not: the beginning of its SHA-256, to tell keys apart. */
export function hideObjectKey (objectKey: string): string {
  return `sha256:${hash('sha256', objectKey).slice(0, 16)}`
}
