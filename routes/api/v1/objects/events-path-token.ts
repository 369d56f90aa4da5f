import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { BucketEventsSchema, BucketNotificationSchema } from '../../../../schemas/bucket-events.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { TokenInvalidError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  if (app.config.EVENTS_PATH_TOKEN !== 'true') return
  app.eventDoors.readBodies(app)

  app.post('/events/t/:token', {
    logLevel: 'warn',
    config: { proof: 'EVENTS_TOKEN' },
    onRequest: async (request, reply) => {
      if (app.secrets.isEventsToken(request.params.token)) return
      await app.eventDoors.refuse(request, reply, new TokenInvalidError('it is not the token for events'))
    },
    validatorCompiler: () => () => true,
    schema: {
      operationId: 'receiveBucketEventsByPath',
      tags: ['Events'],
      summary: 'Receive bucket notifications, with the token in the path',
      description: 'For stores that send no header with their notifications, such as versitygw; takes the same bodies as ' +
        '`POST /api/v1/objects/events`, and gives the same answers. It exists only with EVENTS_PATH_TOKEN=true.',
      security: [],
      params: Type.Object({
        token: Type.String({ minLength: 1, description: 'EVENTS_TOKEN of the service\'s configuration, percent-encoded.' }),
      }),
      body: reference(BucketNotificationSchema),
      response: { 200: reference(BucketEventsSchema), ...errorResponses('TOKEN_INVALID', 413, 415, 'EVENTS_NOT_UNDERSTOOD', 429, 502, 'STORE_UNAVAILABLE', 'DATABASE_UNAVAILABLE', 'EVENTS_NOT_APPLIED') },
    },
  }, async (request) => await app.eventDoors.receive(request, 'http'))
}

export default route
