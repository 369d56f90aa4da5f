import { isUtf8 } from 'node:buffer'
import { hash, timingSafeEqual } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { isDatabaseUnavailable } from '../../../../db/connection/availability.js'
import { UnknownNotificationError } from '../../../../events/notification.js'
import { headerValues } from '../../../../http/raw-headers.js'
import { ObjectStorageRefused, ObjectStorageUnavailable } from '../../../../store/failures.js'
import { BucketEventsSchema, BucketNotificationSchema } from '../../../../schemas/bucket-events.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { EventsNotAppliedError, EventsNotUnderstoodError, TokenInvalidError, TokenRequiredError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'

const BYTE_ORDER_MARK = 0xfeff

const route: FastifyPluginAsyncTypebox = async (app) => {
  const { EVENTS_TOKEN } = app.config
  const expected = EVENTS_TOKEN === undefined ? undefined : sha256(EVENTS_TOKEN)

  const refusalOf = ({ raw, headers: { authorization = '' } }: FastifyRequest) => {
    if (authorization === '') return new TokenRequiredError()
    if (headerValues(raw.rawHeaders, 'authorization').length > 1) return new TokenInvalidError('there are several Authorization headers')
    const isRight = expected !== undefined && timingSafeEqual(sha256(sentToken(authorization)), expected)
    return isRight ? undefined : new TokenInvalidError('it is not the token for events')
  }

  // Every vendor calls its JSON something else, or nothing.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: unknown, bytes: Buffer): Promise<unknown> => {
    // Decoded, a key in another encoding would be that of a file which is not there.
    if (!isUtf8(bytes)) return undefined
    try {
      const text = bytes.toString()
      return JSON.parse(text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text)
    } catch {
      return undefined
    }
  })

  app.post('/events', {
    // The store sends a request for every change; what became of them is counted, and failures are logged.
    logLevel: 'warn',
    onRequest: async (request, reply) => {
      const refusal = refusalOf(request)
      if (refusal === undefined) return
      await app.limits.authFailures.spend(request, reply)
      throw refusal
    },
    // A body of another shape is refused when it is read, and none is coerced: what is set aside is what was sent.
    validatorCompiler: () => () => true,
    schema: {
      operationId: 'receiveBucketEvents',
      tags: ['Events'],
      summary: 'Receive bucket notifications',
      description: 'For the object store, which sends EVENTS_TOKEN in the Authorization header, as `Bearer <token>`, bare, or as ' +
        'the password of `Basic` with any user name. Takes the notifications of MinIO, Amazon S3, Ceph RGW, RustFS and ' +
        'versitygw, and their test messages. 200 means that every record is committed; one without a usable key is set aside. 422 ' +
        'means that the body is of no known form and nothing was kept. After any other answer the sender should send the same ' +
        'again: records may come in any order and any number of times.',
      security: [{ eventsToken: [] }],
      body: reference(BucketNotificationSchema),
      response: { 200: reference(BucketEventsSchema), ...errorResponses('TOKEN_REQUIRED', 'TOKEN_INVALID', 413, 415, 'EVENTS_NOT_UNDERSTOOD', 429, 502, 'STORE_UNAVAILABLE', 'DATABASE_UNAVAILABLE', 'EVENTS_NOT_APPLIED') },
    },
  }, async (request) => {
    try {
      return await app.bucketEvents.receive(request.body)
    } catch (error) {
      if (error instanceof UnknownNotificationError) {
        request.log.warn({ bytes: Number(request.headers['content-length'] ?? 0) }, 'a notification of no known form was refused')
        throw new EventsNotUnderstoodError()
      }
      const isAnswered = error instanceof ObjectStorageUnavailable || error instanceof ObjectStorageRefused ||
        isDatabaseUnavailable(error)
      throw isAnswered ? error : new EventsNotAppliedError({ cause: error })
    }
  })
}

export default route

/**
 * The token in an Authorization header. MinIO sends one with a blank in it as it is, and any other behind "Bearer"; Ceph RGW
 * and Amazon SNS can only be told a user name and a password in the endpoint's URL, which they send as RFC 7617 has it.
 */
function sentToken (authorization: string): string {
  const [, scheme = '', rest = ''] = /^(Bearer|Basic) +(.*)$/i.exec(authorization) ?? []
  if (scheme === '') return authorization
  if (scheme.toLowerCase() === 'bearer') return rest
  return Buffer.from(rest, 'base64').toString().replace(/^[^:]*:/, '')
}

function sha256 (text: string): Buffer {
  return hash('sha256', text, 'buffer')
}
