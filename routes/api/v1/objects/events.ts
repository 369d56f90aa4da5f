import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { headerValues } from '../../../../http/raw-headers.js'
import { BucketEventsSchema, BucketNotificationSchema } from '../../../../schemas/bucket-events.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { TokenInvalidError, TokenRequiredError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  const refusalOf = ({ raw, headers: { authorization = '' } }: FastifyRequest) => {
    if (authorization === '') return new TokenRequiredError()
    if (headerValues(raw.rawHeaders, 'authorization').length > 1) return new TokenInvalidError('there are several Authorization headers')
    return app.secrets.isEventsToken(sentToken(authorization)) ? undefined : new TokenInvalidError('it is not the token for events')
  }

  app.eventDoors.readBodies(app)
  app.post('/events', {
    // The store sends a request for every change: their outcomes are counted, and only failures are logged.
    logLevel: 'warn',
    config: { proof: 'EVENTS_TOKEN' },
    onRequest: async (request, reply) => {
      const refusal = refusalOf(request)
      if (refusal !== undefined) await app.eventDoors.refuse(request, reply, refusal)
    },
    // A body of another shape is refused when it is read, and none is coerced, so that records are set aside as they were sent.
    validatorCompiler: () => () => true,
    schema: {
      operationId: 'receiveBucketEvents',
      tags: ['Events'],
      summary: 'Receive bucket notifications',
      description: 'For the object store, which sends EVENTS_TOKEN in the Authorization header, as `Bearer <token>`, bare, or as ' +
        'the password of `Basic` with any user name. Takes the notifications of MinIO, Amazon S3, Ceph RGW, RustFS and ' +
        'versitygw, and their test messages; also EventBridge\'s events, messages of SNS and SQS as Lambda passes them on, Pub/Sub\'s ' +
        'of Google Cloud Storage, and R2\'s. 200 means that every record is committed; records without a usable key are set ' +
        'aside. 422 means that the body is of no known form and nothing was kept. After any other answer the sender should ' +
        'send the same body again: records may come in any order and any number of times.',
      security: [{ eventsToken: [] }],
      body: reference(BucketNotificationSchema),
      response: { 200: reference(BucketEventsSchema), ...errorResponses('TOKEN_REQUIRED', 'TOKEN_INVALID', 413, 415, 'EVENTS_NOT_UNDERSTOOD', 429, 502, 'STORE_UNAVAILABLE', 'DATABASE_UNAVAILABLE', 'EVENTS_NOT_APPLIED') },
    },
  }, async (request) => await app.eventDoors.receive(request, 'http'))
}

export default route

/**
 * The token in an Authorization header. MinIO sends one with a blank in it as it is, and any other behind "Bearer"; Ceph RGW
 * and Amazon SNS can only be given a user name and a password in the endpoint's URL, which they send as RFC 7617 says.
 */
function sentToken (authorization: string): string {
  const [, scheme = '', rest = ''] = /^(Bearer|Basic) +(.*)$/i.exec(authorization) ?? []
  if (scheme === '') return authorization
  if (scheme.toLowerCase() === 'bearer') return rest
  return Buffer.from(rest, 'base64').toString().replace(/^[^:]*:/, '')
}
