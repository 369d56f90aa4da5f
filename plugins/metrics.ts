import fastifyPlugin from 'fastify-plugin'
import { Registry } from 'prom-client'

declare module 'fastify' {
  interface FastifyInstance {
    /** Where plugins register what they count. Labels never hold object keys or other input. */
    metrics: Registry
  }
}

/** Decorates the instance with a registry of Prometheus metrics of its own. */
export default fastifyPlugin(async (app) => {
  app.decorate('metrics', new Registry())
}, { name: 'metrics' })
