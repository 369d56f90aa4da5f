import type { FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { Counter } from 'prom-client'
import { DownloadPolicy } from '../downloads/decision.js'
import { ExistenceCache } from '../downloads/existence-cache.js'
import { type FoundObject, createDownloadLinks, downloadUrl } from '../downloads/links.js'
import { requestedOrigin } from '../http/origin.js'
import { parseObjectKey } from '../objects/object-key.js'
import { InvalidRequestError, ObjectNotFoundError } from '../schemas/errors.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Files that were in storage a short time ago. */
    existence: ExistenceCache<FoundObject>
    downloadPolicy: DownloadPolicy
    /**
     * Finds a file for a client that sent its key: GET, HEAD and links do so by this alone. A key that nobody found a short
     * time ago takes one of the client's places, and what finds nothing counts as a miss.
     *
     * @param signal ends the wait for a place
     * @param find asks the storage; it is not called for a key that is not of this service's form
     * @throws {ObjectNotFoundError} where there is no such file
     * @throws {TooManyRequestsError} where the client has missed too often
     */
    findFile: <Found>(
      reply: FastifyReply, objectKey: string, signal: AbortSignal, find: () => Promise<Found | undefined>,
    ) => Promise<Found>
    /** The pre-signed URL of a file that is in storage, made once for as long as it stays the same. */
    downloadLink: ReturnType<typeof createDownloadLinks>
    /**
     * The link that downloads a file from this service, as the sender of the request reaches it.
     *
     * @throws {InvalidRequestError} where that depends on a Host header which names no host
     */
    downloadUrl: (request: FastifyRequest, objectKey: string) => string
    /**
     * A pre-signed URL as the sender of the request reaches it.
     *
     * @throws {InvalidRequestError} as `downloadUrl`, where the store is embedded
     */
    reachableUrl: (request: FastifyRequest, presignedUrl: string) => string
    /**
     * A pre-signed URL as a download's redirect names it. To the embedded store the way is relative: it holds whatever stands
     * before the service, and whatever that says of the address that it was reached by.
     */
    redirectTarget: (request: FastifyRequest, presignedUrl: string) => string
  }
}

// From /api/v1/objects/download.
const DOWNLOAD_TO_ROOT = '../../..'

/** Decorates the instance with what a download needs: how it is answered, whether the file is there, and its URL. */
export default fastifyPlugin(async (app) => {
  const { EXISTENCE_TTL, DOWNLOAD_MODE, DOWNLOAD_URL_TTL, INLINE_ACTIVE_CONTENT, PUBLIC_URL } = app.config
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

  app.decorate('findFile', async (reply, objectKey, signal, find) => {
    const misses = app.limits.downloadMisses
    if (existence.has(objectKey)) {
      const found = await find()
      if (found !== undefined) return found
      await misses.count(reply.request)
    } else {
      const isPossible = parseObjectKey(objectKey) !== undefined
      const found = await misses.lookUp(reply, signal, async () => isPossible ? await find() : undefined)
      if (found !== undefined) return found
    }
    throw new ObjectNotFoundError()
  })

  app.decorate('downloadPolicy', new DownloadPolicy(DOWNLOAD_MODE, INLINE_ACTIVE_CONTENT))
  app.decorate('downloadLink', createDownloadLinks(app.presign, DOWNLOAD_URL_TTL))

  const publicOrigin = PUBLIC_URL === undefined ? undefined : new URL(PUBLIC_URL).origin
  const originFor = ({ protocol, host }: FastifyRequest) => {
    const origin = publicOrigin ?? requestedOrigin(protocol, host)
    if (origin === undefined) throw new InvalidRequestError('The Host header names no host.')
    return origin
  }
  app.decorate('downloadUrl', (request, objectKey) => downloadUrl(originFor(request), objectKey))
  const isOfService = (url: string) => url.startsWith('/')
  app.decorate('reachableUrl', (request, url) => isOfService(url) ? `${originFor(request)}${url}` : url)
  app.decorate('redirectTarget', ({ originalUrl }, url) => {
    if (!isOfService(url)) return url
    // As the client wrote its address, which may end with a slash.
    return `${/^[^?]*\/(?:\?|$)/.test(originalUrl) ? '../' : ''}${DOWNLOAD_TO_ROOT}${url}`
  })
}, { name: 'downloads', dependencies: ['config', 'object-storage', 'metrics', 'limits'] })
