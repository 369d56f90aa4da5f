import { LRUCache } from 'lru-cache'
import type { SealingSecrets } from '../sealing/rotating-secrets.js'
import { createSealer } from '../sealing/sealed-text.js'
import { type ShareContent, packShare, unpackShare } from './pack-share.js'

/** Seals what a share link is for into the text in its URL. */
export interface ShareTexts {
  /**
   * @returns base64url; of a file whose key was minted here 790 characters at most, so that a URL has fewer than 998 where the
   *   service's own address has 184 or less
   */
  seal: (content: ShareContent) => string
  /** Undefined where the text is not one that `seal` made with one of the secrets. */
  open: (sealed: string) => ShareContent | undefined
}

/** Opening takes as much time as a whole redirect: those that were opened recently are remembered, in 10 MiB at most. */
const MAX_KEPT = 5_000

/** Makes texts that reveal nothing and cannot be forged: an object key is a secret, and its link must end. */
export function createShareTexts (secrets: SealingSecrets): ShareTexts {
  const { seal, open } = createSealer(secrets, 'share link')
  // A secret that opened a text opens it for as long as the process runs.
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
