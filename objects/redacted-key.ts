import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'

const MAX_KEPT = 10_000

/** Stands for an object key where the key, a secret, must not appear: the beginning of its SHA-256, to tell keys apart. */
export function redactObjectKey (objectKey: string): string {
  return `sha256:${hash('sha256', objectKey).slice(0, 16)}`
}

/** `redactObjectKey` for where the same keys recur: the latest results are cached. */
export function createKeyRedactor (): (objectKey: string) => string {
  const kept = new LRUCache<string, string>({ max: MAX_KEPT, memoMethod: (objectKey) => redactObjectKey(objectKey) })
  return (objectKey) => kept.memo(objectKey)
}
