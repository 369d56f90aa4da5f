import type { FastifyPluginAsync } from 'fastify'
import { sharedOriginHeaders } from '../downloads/headers.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Read by @fastify/cors: false lets the route handle cross-origin requests itself. */
    cors?: false
  }
}

const IDLE_TIMEOUT_MS = 300_000
/**
 * Destinations (Fetch, "destination") of requests whose answer a page would run, or style itself with. Stored files are not
 * meant for that.
 */
const ACTIVE_DESTINATIONS = [
  'script', 'style', 'worker', 'sharedworker', 'serviceworker', 'audioworklet', 'paintworklet', 'xslt', 'manifest',
]

/**
 * The embedded object storage, for pre-signed URLs: below the service's own address, so that forwarding one port is enough, and
 * links last as long as that address does. Stored files share the origin, but do not come from the service: no answer can take
 * advantage of the origin.
 */
const route: FastifyPluginAsync = async (app) => {
  const { embeddedStore } = app
  if (embeddedStore === undefined) return
  app.route<{ Querystring: Record<string, unknown> }>({
    method: ['GET', 'HEAD', 'PUT', 'OPTIONS'],
    url: `${embeddedStore.path}/*`,
    exposeHeadRoute: false,
    // The store allows every origin, since a request's permission is its signature.
    config: { cors: false },
    schema: { hide: true },
    // Runs before the body is read, since the store reads it as it arrives.
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
    // Never runs, since the answer has begun by then.
    handler: async () => {},
  })
}

export default route
