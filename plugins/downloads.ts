import type { FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { Counter } from 'prom-client'
import { DownloadPolicy } from '../downloads/decision.js'
import { ExistenceCache } from '../downloads/existence-cache.js'
import { type FoundObject, createDownloadLinks, downloadUrl } from '../downloads/links.js'
import { pathOfAddress } from '../http/base-path.js'
import { requestedOrigin } from '../http/origin.js'
import { parseObjectKey } from '../objects/object-key.js'
import { InvalidRequestError, ObjectNotFoundError } from '../schemas/errors.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Files seen recently in the storage. */
    existence: ExistenceCache<FoundObject>
    downloadPolicy: DownloadPolicy
    /**
     * Finds a file for a client that sent its key; GET, HEAD and links all use this. A key that was not found recently takes
     * one of the client's places, and a look-up that finds nothing counts as a miss.
     *
     * @param find asks the storage; not called for a key that does not have this service's form
     * @param leaving gives the signal that ends the wait for a place; by default when the client has left
     * @throws {ObjectNotFoundError} if there is no such file
     * @throws {TooManyRequestsError} if the client has missed too often
     */
    findFile: <Found>(
      reply: FastifyReply, objectKey: string, find: () => Promise<Found | undefined>, leaving?: () => AbortSignal,
    ) => Promise<Found>
    /** The pre-signed URL of a file in the storage, signed once for each window. */
    downloadLink: ReturnType<typeof createDownloadLinks>
    /**
     * The link that downloads a file from this service, as the sender of the request can reach it.
     *
     * @throws {InvalidRequestError} if that depends on a Host header that does not name a host
     */
    downloadUrl: (request: FastifyRequest, objectKey: string) => string
    /** The address of a share link, like `downloadUrl`. */
    shareUrl: (request: FastifyRequest, sealed: string) => string
    /**
     * A pre-signed URL as the sender of the request can reach it.
     *
     * @throws {InvalidRequestError} like `downloadUrl`, if the store is embedded
     */
    reachableUrl: (request: FastifyRequest, presignedUrl: string) => string
    /**
     * A pre-signed URL in the form that a download's redirect uses. To the embedded store it is relative, and so works behind
     * any proxy, whatever that proxy says about the address that the client used.
     */
    redirectTarget: (request: FastifyRequest, presignedUrl: string) => string
  }
}

/** Decorates the instance with what a download needs: how it is answered, whether the file is there, and its URL. */
export default fastifyPlugin(async (app) => {
  const { EXISTENCE_TTL, DOWNLOAD_MODE, DOWNLOAD_URL_TTL, INLINE_ACTIVE_CONTENT, PUBLIC_URL, BASE_PATH = '' } = app.config
  const existence = new ExistenceCache<FoundObject>(EXISTENCE_TTL * 1000, async (objectKey) => {
    const stored = await app.objectStorage.head(objectKey)
    return stored && { ...stored, links: {} }
  })
  app.decorate('existence', existence)
  const finds = new Counter({
    name: 'objects_storage_existence_cache_total',
    help: 'Files looked up for downloads: a hit was found recently, or is already being looked up.',
    labelNames: ['result'],
    registers: [app.metrics],
    // Counted by the cache itself, since every download goes through it.
    collect: () => {
      finds.reset()
      finds.inc({ result: 'hit' }, existence.hitCount)
      finds.inc({ result: 'miss' }, existence.missCount)
    },
  })

  app.decorate('findFile', async (reply, objectKey, find, leaving) => {
    const misses = app.limits.downloadMisses
    if (existence.has(objectKey)) {
      const found = await find()
      if (found !== undefined) return found
      await misses.count(reply.request)
    } else {
      const isPossible = parseObjectKey(objectKey) !== undefined
      const found = await misses.lookUp(reply, async () => isPossible ? await find() : undefined, leaving)
      if (found !== undefined) return found
    }
    throw new ObjectNotFoundError()
  })

  app.decorate('downloadPolicy', new DownloadPolicy(DOWNLOAD_MODE, INLINE_ACTIVE_CONTENT))
  app.decorate('downloadLink', createDownloadLinks(app.presign, app.storeTarget.credentials, DOWNLOAD_URL_TTL))

  const publicAddress = PUBLIC_URL === undefined ? undefined : new URL(PUBLIC_URL).origin + pathOfAddress(PUBLIC_URL)
  const addressFor = ({ protocol, host }: FastifyRequest) => {
    if (publicAddress !== undefined) return publicAddress
    const origin = requestedOrigin(protocol, host)
    if (origin === undefined) throw new InvalidRequestError('The Host header names no host.')
    return origin + BASE_PATH
  }
  app.decorate('downloadUrl', (request, objectKey) => downloadUrl(addressFor(request), objectKey))
  app.decorate('shareUrl', (request, sealed) => `${addressFor(request)}/api/v1/objects/shared/${sealed}`)
  const isOfService = (url: string) => url.startsWith('/')
  app.decorate('reachableUrl', (request, url) => isOfService(url) ? `${addressFor(request)}${url}` : url)
  app.decorate('redirectTarget', ({ originalUrl, routeOptions }, url) => {
    if (!isOfService(url)) return url
    const { length: depth } = (routeOptions.url ?? '').split('/')
    // Relative to the address as the client wrote it, which may end with a slash.
    return `${/^[^?]*\/(?:\?|$)/.test(originalUrl) ? '../' : ''}${Array(depth - 2).fill('..').join('/')}${url}`
  })
}, { name: 'downloads', dependencies: ['config', 'object-storage', 'metrics', 'limits'] })
