import type { FastifyPluginAsync } from 'fastify'
import { sharedOriginHeaders } from '../downloads/headers.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Read by @fastify/cors: false leaves the route to answer pages of other origins by itself. */
    cors?: false
  }
}

const IDLE_TIMEOUT_MS = 300_000
/** What a page asks for in order to run it, or to look as it says (Fetch, "destination"). Nothing stored is for that. */
const ACTIVE_DESTINATIONS = [
  'script', 'style', 'worker', 'sharedworker', 'serviceworker', 'audioworklet', 'paintworklet', 'xslt', 'manifest',
]

/**
 * The embedded object storage, for pre-signed URLs: below the service's own address, so that one forwarded port is enough, and
 * links last as long as that address does. What is stored there is not the service's, though it shares its origin: no answer
 * can do anything with that.
 */
const route: FastifyPluginAsync = async (app) => {
  const { embeddedStore } = app
  if (embeddedStore === undefined) return
  app.route<{ Querystring: Record<string, unknown> }>({
    method: ['GET', 'HEAD', 'PUT', 'OPTIONS'],
    url: `${embeddedStore.path}/*`,
    exposeHeadRoute: false,
    // The store allows every origin: the signature is the permission.
    config: { cors: false },
    schema: { hide: true },
    // Before the body is read, which is the store's to do, as it comes.
    onRequest: async (request, reply) => {
      const { raw: response } = reply
      reply.hijack()
      response.setHeader('x-request-id', request.id)
      const type = request.query['response-content-type']
      for (const [name, value] of Object.entries(sharedOriginHeaders(typeof type === 'string' ? type : undefined))) {
        response.setHeader(name, value)
      }
      if (ACTIVE_DESTINATIONS.includes(String(request.headers['sec-fetch-dest']))) {
        response.writeHead(403).end()
        return
      }
      response.setTimeout(IDLE_TIMEOUT_MS)
      app.unhurriedSockets.add(request.raw.socket)
      await embeddedStore.answer(request.raw, response)
      app.unhurriedSockets.delete(request.raw.socket)
    },
    // The answer is begun before this could be asked.
    handler: async () => {},
  })
}

export default route
