import fastifyPlugin from 'fastify-plugin'
import { Registry, collectDefaultMetrics } from 'prom-client'

declare module 'fastify' {
  interface FastifyInstance {
    /** Where plugins register what they count. Labels never contain object keys or other input. */
    metrics: Registry
  }
}

/** Decorates the instance with its own registry of Prometheus metrics: those of the process, and those that plugins add. */
export default fastifyPlugin(async (app) => {
  const registry = new Registry()
  app.decorate('metrics', registry)
  // Only if the service listens: they observe the whole process for as long as it lives, and commands build an instance too.
  app.addHook('onListen', async () => { collectDefaultMetrics({ register: registry }) })
}, { name: 'metrics' })
