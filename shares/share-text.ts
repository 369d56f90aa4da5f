import { LRUCache } from 'lru-cache'
import type { SealingSecrets } from '../sealing/rotating-secrets.js'
import { createSealer } from '../sealing/sealed-text.js'
import { type ShareContent, packShare, unpackShare } from './pack-share.js'

/** Seals the content of a share link into the text in its URL. */
export interface ShareTexts {
  /**
   * @returns base64url; for a file whose key was minted here, at most 790 characters, so that a URL has fewer than 998 if the
   *   service's own address has at most 184
   */
  seal: (content: ShareContent) => string
  /** Undefined if the text is not one that `seal` made with one of the secrets. */
  open: (sealed: string) => ShareContent | undefined
}

/** Opening a text takes as much time as a whole redirect, so those opened recently are cached, in at most 10 MiB. */
const MAX_KEPT = 5_000

/** Creates texts that reveal nothing and cannot be forged: an object key is a secret, and its link must be able to end. */
export function createShareTexts (secrets: SealingSecrets): ShareTexts {
  const { seal, open } = createSealer(secrets, 'share link')
  // A secret that has opened a text opens it for as long as the process runs.
  const opened = new LRUCache<string, ShareContent>({ max: MAX_KEPT })
  return {
    seal: (content) => seal('', packShare(content)),
    open: (sealed) => {
      const known = opened.get(sealed)
      if (known !== undefined) return known
      const packed = open('', sealed)
      if (packed === undefined) return undefined
      const content = unpackShare(packed)
      opened.set(sealed, content)
      return content
    },
  }
}
