import fastifyPlugin from 'fastify-plugin'
import type { Config } from '../config.js'

declare module 'fastify' {
  interface FastifyInstance {
    config: Config
  }
}

/** Decorates the instance with the configuration that it was built with. */
export default fastifyPlugin<{ config: Config }>(async (app, { config }) => {
  app.decorate('config', config)
}, { name: 'config' })
