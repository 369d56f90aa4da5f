import type { FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { Counter } from 'prom-client'
import { contentDisposition } from '../http/content-disposition.js'
import { effectiveDisposition } from '../downloads/headers.js'
import { isActiveInline, sentContentType } from '../downloads/inline-content.js'
import { type DownloadLink, type FoundObject, createDownloadLinks } from '../downloads/links.js'
import { ExistenceCache } from '../downloads/existence-cache.js'
import { fileNameOf } from '../objects/object-key.js'
import type { DownloadLinkBody } from '../schemas/download.js'
import { InvalidRequestError } from '../schemas/errors.js'

type Disposition = 'attachment' | 'inline'

declare module 'fastify' {
  interface FastifyInstance {
    /** Files that were in storage a short time ago. */
    existence: ExistenceCache<FoundObject>
    /**
     * The pre-signed URL of a file that is in storage. It pins the type that the file was stored with and the
     * disposition, so that nobody who has the URL can change how a browser treats the file.
     *
     * @param now in milliseconds since 1970
     */
    downloadLink: (objectKey: string, stored: FoundObject, disposition: Disposition, now: number) => DownloadLink
    /** The pre-signed URL as programs get it. Active content is only ever an attachment there: the store's headers apply. */
    describeLink: (objectKey: string, stored: FoundObject, asked: Disposition) => DownloadLinkBody
    /**
     * The link that downloads a file from this service, as whoever sent the request reaches it.
     *
     * @throws {InvalidRequestError} where that depends on a Host header which names no host
     */
    downloadUrl: (request: FastifyRequest, objectKey: string) => string
  }
}

/** Decorates the instance with what a download without a stream needs: whether the file is there, and its URL. */
export default fastifyPlugin(async (app) => {
  const { EXISTENCE_TTL, DOWNLOAD_URL_TTL, INLINE_ACTIVE_CONTENT, PUBLIC_URL } = app.config
  const existence = new ExistenceCache<FoundObject>(EXISTENCE_TTL * 1000, async (objectKey) => {
    const stored = await app.objectStorage.head(objectKey)
    return stored && { ...stored, links: {} }
  })
  app.decorate('existence', existence)
  const finds = new Counter({
    name: 'objects_storage_existence_cache_total',
    help: 'Files looked for by downloads: a hit was found a short time ago, or is being looked for already.',
    labelNames: ['result'],
    registers: [app.metrics],
    // Counted by the cache itself, since every download passes there.
    collect: () => {
      finds.reset()
      finds.inc({ result: 'hit' }, existence.hitCount)
      finds.inc({ result: 'miss' }, existence.missCount)
    },
  })

  const makeLink = createDownloadLinks(app.presign, DOWNLOAD_URL_TTL)
  app.decorate('downloadLink', (objectKey, stored, disposition, now) => {
    const made = stored.links[disposition]
    if (made !== undefined && now < made.sameUntil.getTime()) return made
    const link = makeLink(objectKey, {
      contentDisposition: contentDisposition(disposition, fileNameOf(objectKey)),
      contentType: sentContentType(stored.contentType),
    }, now)
    stored.links[disposition] = link
    return link
  })

  app.decorate('describeLink', (objectKey, stored, asked) => {
    const disposition = effectiveDisposition(asked, stored.contentType, INLINE_ACTIVE_CONTENT)
    const isActive = isActiveInline(disposition, stored.contentType)
    const { url, expiresAt } = app.downloadLink(objectKey, stored, isActive ? 'attachment' : disposition, Date.now())
    return {
      url,
      expiresAt: expiresAt.toISOString(),
      fileName: fileNameOf(objectKey),
      bytes: stored.sizeBytes,
      contentType: sentContentType(stored.contentType),
      etag: stored.entityTag,
    }
  })

  const publicOrigin = PUBLIC_URL === undefined ? undefined : new URL(PUBLIC_URL).origin
  app.decorate('downloadUrl', (request, objectKey) => {
    const origin = publicOrigin ?? requestedOrigin(request)
    return `${origin}/api/v1/objects/download?objectKey=${encodeURIComponent(objectKey)}`
  })
}, { name: 'downloads', dependencies: ['config', 'object-storage', 'metrics'] })

/**
 * The service's origin as a request names it.
 *
 * @throws {InvalidRequestError} where the Host header names none (RFC 9112, 3.2)
 */
function requestedOrigin ({ protocol, host }: Pick<FastifyRequest, 'protocol' | 'host'>): string {
  const origin = `${protocol}://${host}`
  if (!/^([a-z0-9._~-]+|\[[0-9a-f:.]+\])(:\d+)?$/i.test(host) || !URL.canParse(origin)) {
    throw new InvalidRequestError('The Host header names no host.')
  }
  return origin
}
