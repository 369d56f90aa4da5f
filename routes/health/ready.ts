import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { errorResponses } from '../../schemas/error-responses.js'
import { ReadinessSchema } from '../../schemas/readiness.js'
import { reference } from '../../schemas/reference.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/ready', {
    logLevel: 'warn',
    schema: {
      operationId: 'checkReadiness',
      tags: ['Operation'],
      summary: 'Whether the service should get requests',
      description: 'For load balancers. Answers 200 even if the database or the identity provider is down, since downloads ' +
        'need neither. The parts are checked at most once a second, for at most two seconds.',
      security: [],
      response: {
        200: { ...reference(ReadinessSchema), description: 'Downloads work.' },
        ...errorResponses(),
        503: { ...reference(ReadinessSchema), description: 'Object storage is away, or the service is stopping.' },
      },
    },
  }, async (_request, reply) => {
    const readiness = await app.readiness()
    const isReady = readiness.status === 'ready' || readiness.status === 'degraded'
    return await reply.status(isReady ? 200 : 503).header('cache-control', 'no-store').send(readiness)
  })
}

export default route
