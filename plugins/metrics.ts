import fastifyPlugin from 'fastify-plugin'
import { Registry, collectDefaultMetrics } from 'prom-client'

declare module 'fastify' {
  interface FastifyInstance {
    /** Where plugins register what they count. Labels never hold object keys or other input. */
    metrics: Registry
  }
}

/** Decorates the instance with a registry of Prometheus metrics of its own: of the process, and of what plugins add. */
export default fastifyPlugin(async (app) => {
  const registry = new Registry()
  app.decorate('metrics', registry)
  // Only of a service that listens: they watch the whole process for as long as it lives, and commands build an instance, too.
  app.addHook('onListen', async () => { collectDefaultMetrics({ register: registry }) })
}, { name: 'metrics' })
