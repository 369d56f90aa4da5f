import { contentDisposition } from '../http/content-disposition.js'
import { encodeComponent } from '../http/percent-encoding.js'
import { type FileDigests, describeDigests } from '../objects/digests.js'
import { fileNameOf, pathOf } from '../objects/object-key.js'
import { type CredentialSource, type Credentials, usableSeconds } from '../store/credentials.js'
import type { StoredObject } from '../store/object-storage.js'
import type { Presign } from '../store/presigning.js'
import type { Disposition } from './decision.js'
import { sentContentType } from './inline-content.js'

/** A pre-signed URL to a file. */
export interface DownloadLink {
  url: string
  expiresAt: Date
  /** Until when the same file gets the same URL, unless the credentials change first. */
  sameUntil: Date
}

/** A link, and the credentials it is signed with. */
interface SignedLink extends DownloadLink {
  credentials: Credentials
}

/** A file that was found, and the links made to it since. */
export interface FoundObject extends StoredObject {
  links: Partial<Record<Disposition, SignedLink>>
}

/**
 * Makes pre-signed URLs that stay the same for half their life, so that caches can keep the bytes: each is signed as of the
 * start of a window of half the TTL, and so is valid for at least half the TTL and at most all of it. A URL pins the type that
 * the file was stored with and the disposition, so that nobody who has it can change how a browser treats the file.
 *
 * If the credentials expire sooner, so does the URL, and it says so. New URLs are made as soon as the credentials are replaced,
 * since the store may not accept the old ones for much longer.
 *
 * @param source of the credentials that `presign` signs with
 */
export function createDownloadLinks (presign: Presign, source: CredentialSource, ttlSeconds: number) {
  // In whole seconds, as a signature counts them: a URL signed before its window began would not last for half the TTL after
  // it.
  const windowMs = Math.floor(ttlSeconds / 2) * 1000
  const windowAt = (now: number) => {
    const startMs = Math.floor(now / windowMs) * windowMs
    return { signedAt: new Date(startMs), sameUntil: new Date(startMs + windowMs) }
  }
  let window = windowAt(0)
  /**
   * @param now in milliseconds since 1970
   * @throws {ObjectStorageUnavailable} if there are no credentials that have not expired
   */
  return (objectKey: string, stored: FoundObject, disposition: Disposition, now: number): DownloadLink => {
    const made = stored.links[disposition]
    const credentials = source.current
    if (made !== undefined && made.credentials === credentials && now < made.sameUntil.getTime()) return made
    // All links in a window share its dates.
    if (now < window.signedAt.getTime() || now >= window.sameUntil.getTime()) window = windowAt(now)
    const { signedAt, sameUntil } = window
    const expiresInSeconds = usableSeconds(credentials, signedAt, ttlSeconds)
    const url = presign({
      method: 'GET',
      objectKey,
      signedAt,
      expiresInSeconds,
      query: {
        'response-content-disposition': contentDisposition(disposition, fileNameOf(objectKey)),
        'response-content-type': sentContentType(stored.contentType),
      },
    })
    const link = { url, expiresAt: new Date(signedAt.getTime() + expiresInSeconds * 1000), sameUntil, credentials }
    stored.links[disposition] = link
    return link
  }
}

/**
 * A link as programs get it, with what is known about the file before it is read.
 *
 * @param digests what may be said about its bytes; undefined if only the store was asked
 */
export function describeLink (
  objectKey: string, stored: StoredObject, { url, expiresAt }: Pick<DownloadLink, 'url' | 'expiresAt'>, digests?: FileDigests,
) {
  return {
    url,
    expiresAt: expiresAt.toISOString(),
    fileName: fileNameOf(objectKey),
    path: pathOf(objectKey),
    bytes: stored.sizeBytes,
    contentType: sentContentType(stored.contentType),
    etag: stored.entityTag,
    ...describeDigests(digests ?? { verified: stored.checksums, claimed: {} }),
  }
}

/** The link with which people download a file from the service: the key is the permission. */
export function downloadUrl (serviceAddress: string, objectKey: string): string {
  return `${serviceAddress}/api/v1/objects/download?objectKey=${encodeComponent(objectKey)}`
}
