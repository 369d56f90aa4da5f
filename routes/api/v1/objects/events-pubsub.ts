import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BucketEventsSchema, PubSubPushSchema } from '../../../../schemas/bucket-events.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { TokenInvalidError, TokenRequiredError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  const { pushTokens, eventDoors } = app
  if (pushTokens === undefined) return
  eventDoors.readBodies(app)

  app.post('/events/pubsub', {
    logLevel: 'warn',
    config: { proof: 'a token of Google\'s for the configured account' },
    onRequest: async (request, reply) => {
      await pushTokens.verify(request).catch(async (error: unknown) => {
        const isRefusal = error instanceof TokenInvalidError || error instanceof TokenRequiredError
        if (isRefusal) await eventDoors.refuse(request, reply, error)
        throw error
      })
    },
    validatorCompiler: () => () => true,
    schema: {
      operationId: 'receivePubSubPush',
      tags: ['Events'],
      summary: 'Receive bucket notifications from Google Pub/Sub',
      description: 'For a push subscription of Google Pub/Sub that authenticates itself; this route exists only with ' +
        'EVENTS_PUBSUB_AUDIENCE and EVENTS_PUBSUB_ACCOUNT. Bodies are read as by `POST /api/v1/objects/events`. Pub/Sub ' +
        'sends again whatever is not answered 200, including a message of no known form (422), until its retention is over ' +
        'or it becomes a dead letter.',
      security: [{ pushToken: [] }],
      body: reference(PubSubPushSchema),
      response: { 200: reference(BucketEventsSchema), ...errorResponses(401, 413, 415, 'EVENTS_NOT_UNDERSTOOD', 429, 502, 'STORE_UNAVAILABLE', 'DATABASE_UNAVAILABLE', 'EVENTS_NOT_APPLIED') },
    },
  }, async (request) => await eventDoors.receive(request, 'pubsub'))
}

export default route
