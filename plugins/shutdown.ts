import { setTimeout } from 'node:timers/promises'
import fastifyPlugin from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    shutdown: {
      /** Whether the service is about to end and should get no new requests. */
      hasBegun: () => boolean
      /**
       * Ends the service with as little harm as possible. For SHUTDOWN_DELAY it works as before, except that it reports not
       * ready, so that load balancers send requests elsewhere; then it stops listening, and requests in progress have
       * SHUTDOWN_GRACE to end before they are cut off. Resolves when everything is closed, and what was received is committed.
       */
      run: () => Promise<void>
    }
  }
}

const IDLE_CHECK_MS = 100

/** Decorates the instance with its orderly shutdown. */
export default fastifyPlugin(async (app) => {
  const { SHUTDOWN_DELAY, SHUTDOWN_GRACE } = app.config
  let hasBegun = false
  app.decorate('shutdown', {
    hasBegun: () => hasBegun,
    run: async () => {
      hasBegun = true
      app.log.info({ delaySeconds: SHUTDOWN_DELAY, graceSeconds: SHUTDOWN_GRACE }, 'stopping')
      // Clients that keep their connections open would otherwise stay; the listener is added only now, so it costs nothing
      // before.
      app.server.prependListener('request', (_request, response) => { response.setHeader('connection', 'close') })
      await setTimeout(SHUTDOWN_DELAY * 1000)

      const graceEnd = globalThis.setTimeout(() => {
        app.log.warn('breaking off what has not ended within SHUTDOWN_GRACE')
        app.server.closeAllConnections()
      }, SHUTDOWN_GRACE * 1000)
      // A connection whose last answer began before the shutdown would be kept alive after it.
      const idleCheck = setInterval(() => { app.server.closeIdleConnections() }, IDLE_CHECK_MS)
      try {
        await app.close()
      } finally {
        clearTimeout(graceEnd)
        clearInterval(idleCheck)
      }
    },
  })
}, { name: 'shutdown', dependencies: ['config'] })
