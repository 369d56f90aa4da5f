import type { FastifyPluginAsync } from 'fastify'

const route: FastifyPluginAsync = async (app) => {
  app.get('/metrics', { logLevel: 'warn', schema: { hide: true } }, async (_request, reply) => {
    return await reply.type(app.metrics.contentType).send(await app.metrics.metrics())
  })
}

export default route
