import type { StoredObject } from '../store/object-storage.js'
import type { Presign } from '../store/presigning.js'

/** A pre-signed URL to a file. */
export interface DownloadLink {
  url: string
  expiresAt: Date
  /** Until when the same file gives the same URL. */
  sameUntil: Date
}

/** A file that was found, and the links that were made to it since. */
export interface FoundObject extends StoredObject {
  links: { attachment?: DownloadLink, inline?: DownloadLink }
}

/** What the store is to say of the file when the URL is followed. */
export interface PinnedHeaders {
  contentDisposition: string
  contentType: string
}

/**
 * Makes pre-signed URLs that stay the same for half their life, so that caches can keep the redirect and the bytes: each
 * is signed as of the start of a window of half the TTL, hence valid for at least half the TTL and at most the whole.
 */
export function createDownloadLinks (presign: Presign, ttlSeconds: number) {
  // Whole, as a signature counts whole seconds: a URL signed before its window began would not last for half the TTL after it.
  const windowMs = Math.floor(ttlSeconds / 2) * 1000
  const windowAt = (now: number) => {
    const startMs = Math.floor(now / windowMs) * windowMs
    return {
      signedAt: new Date(startMs), expiresAt: new Date(startMs + ttlSeconds * 1000), sameUntil: new Date(startMs + windowMs),
    }
  }
  let window = windowAt(0)
  return (objectKey: string, pinned: PinnedHeaders, now: number): DownloadLink => {
    // All links of a window share its dates.
    if (now < window.signedAt.getTime() || now >= window.sameUntil.getTime()) window = windowAt(now)
    const { signedAt, expiresAt, sameUntil } = window
    const url = presign({
      method: 'GET',
      objectKey,
      signedAt,
      expiresInSeconds: ttlSeconds,
      query: {
        'response-content-disposition': pinned.contentDisposition,
        'response-content-type': pinned.contentType,
      },
    })
    return { url, expiresAt, sameUntil }
  }
}
