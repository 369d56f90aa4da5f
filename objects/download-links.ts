import type { Presign } from './presigning.js'

/** A pre-signed URL to a file. */
export interface DownloadLink {
  url: string
  expiresAt: Date
  /** Until when the same file gives the same URL. */
  sameUntil: Date
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
  return (objectKey: string, pinned: PinnedHeaders, now: number): DownloadLink => {
    const signedAtMs = Math.floor(now / windowMs) * windowMs
    const url = presign({
      method: 'GET',
      objectKey,
      signedAt: new Date(signedAtMs),
      expiresInSeconds: ttlSeconds,
      query: {
        'response-content-disposition': pinned.contentDisposition,
        'response-content-type': pinned.contentType,
      },
    })
    return { url, expiresAt: new Date(signedAtMs + ttlSeconds * 1000), sameUntil: new Date(signedAtMs + windowMs) }
  }
}
