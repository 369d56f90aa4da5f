import { contentDisposition } from '../http/content-disposition.js'
import { encodeComponent } from '../http/percent-encoding.js'
import { fileNameOf, pathOf } from '../objects/object-key.js'
import type { StoredObject } from '../store/object-storage.js'
import type { Presign } from '../store/presigning.js'
import type { Disposition } from './decision.js'
import { sentContentType } from './inline-content.js'

/** A pre-signed URL to a file. */
export interface DownloadLink {
  url: string
  expiresAt: Date
  /** Until when the same file gives the same URL. */
  sameUntil: Date
}

/** A file that was found, and the links that were made to it since. */
export interface FoundObject extends StoredObject {
  links: Partial<Record<Disposition, DownloadLink>>
}

/**
 * Makes pre-signed URLs that stay the same for half their life, so that caches can keep the bytes: each is signed as of the
 * start of a window of half the TTL, hence valid for at least half the TTL and at most the whole. A URL pins the type that the
 * file was stored with and the disposition, so that nobody who has it can change how a browser treats the file.
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
  /** @param now in milliseconds since 1970 */
  return (objectKey: string, stored: FoundObject, disposition: Disposition, now: number): DownloadLink => {
    const made = stored.links[disposition]
    if (made !== undefined && now < made.sameUntil.getTime()) return made
    // All links of a window share its dates.
    if (now < window.signedAt.getTime() || now >= window.sameUntil.getTime()) window = windowAt(now)
    const { signedAt, expiresAt, sameUntil } = window
    const url = presign({
      method: 'GET',
      objectKey,
      signedAt,
      expiresInSeconds: ttlSeconds,
      query: {
        'response-content-disposition': contentDisposition(disposition, fileNameOf(objectKey)),
        'response-content-type': sentContentType(stored.contentType),
      },
    })
    const link = { url, expiresAt, sameUntil }
    stored.links[disposition] = link
    return link
  }
}

/** A link as programs get it, with what there is to know of the file before it is read. */
export function describeLink (objectKey: string, stored: StoredObject, { url, expiresAt }: DownloadLink) {
  return {
    url,
    expiresAt: expiresAt.toISOString(),
    fileName: fileNameOf(objectKey),
    path: pathOf(objectKey),
    bytes: stored.sizeBytes,
    contentType: sentContentType(stored.contentType),
    etag: stored.entityTag,
  }
}

/** The link that downloads a file from the service, for people: the key is the permission. */
export function downloadUrl (serviceOrigin: string, objectKey: string): string {
  return `${serviceOrigin}/api/v1/objects/download?objectKey=${encodeComponent(objectKey)}`
}
