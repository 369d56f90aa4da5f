import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { errorResponses } from '../../schemas/error-responses.js'
import { LivenessSchema } from '../../schemas/readiness.js'
import { reference } from '../../schemas/reference.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/live', {
    logLevel: 'warn',
    schema: {
      operationId: 'checkLiveness',
      tags: ['Operation'],
      summary: 'Whether the service runs',
      description: 'Answers as long as the process runs, whatever the state of object storage and database. Needs no token.',
      security: [],
      response: {
        200: reference(LivenessSchema),
        ...errorResponses(),
      },
    },
  }, async () => ({ status: 'ok' as const }))
}

export default route
