import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BucketEventsSchema, SnsMessageSchema } from '../../../../schemas/bucket-events.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { SignatureInvalidError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'

// A published message has at most 256 KiB ("Amazon SNS endpoints and quotas"). In the envelope it is a JSON string, in which
// any byte may be escaped, beside short fields.
const BODY_MAX_BYTES = 2 * 256 * 1024 + 8 * 1024

const route: FastifyPluginAsyncTypebox = async (app) => {
  const { snsMessages, eventDoors } = app
  if (snsMessages === undefined) return
  eventDoors.readBodies(app)

  app.post('/events/sns', {
    logLevel: 'warn',
    config: { proof: 'a signature of Amazon SNS' },
    bodyLimit: BODY_MAX_BYTES,
    validatorCompiler: () => () => true,
    schema: {
      operationId: 'receiveSnsMessage',
      tags: ['Events'],
      summary: 'Receive bucket notifications from Amazon SNS',
      description: 'For the topics that EVENTS_SNS_TOPIC_ARN names; this route exists only with that setting. Takes signed ' +
        'messages (versions 1 and 2), not raw delivery, and confirms the subscription itself. A notification is read as by ' +
        '`POST /api/v1/objects/events`; one of no known form is answered 422, after which SNS does not send it again.',
      security: [],
      body: reference(SnsMessageSchema),
      response: { 200: reference(BucketEventsSchema), ...errorResponses('SIGNATURE_INVALID', 413, 415, 'EVENTS_NOT_UNDERSTOOD', 429, 502, 'STORE_UNAVAILABLE', 'DATABASE_UNAVAILABLE', 'EVENTS_NOT_APPLIED') },
    },
  }, async (request, reply) => {
    const { isNotification } = await snsMessages.receive(request.body).catch(async (error: unknown) => {
      if (error instanceof SignatureInvalidError) return await eventDoors.refuse(request, reply, error)
      throw error
    })
    return isNotification ? await eventDoors.receive(request, 'sns') : { applied: 0, setAside: 0, ignored: 0 }
  })
}

export default route
