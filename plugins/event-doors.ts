import fastifyPlugin from 'fastify-plugin'
import { isDatabaseUnavailable } from '../db/connection/availability.js'
import type { EventChannel } from '../events/channel.js'
import { parseNotificationBody } from '../events/notification-body.js'
import { UnknownNotificationError } from '../events/notification.js'
import type { BucketEvents } from '../schemas/bucket-events.js'
import { type DeclaredError, EventsNotAppliedError, EventsNotUnderstoodError } from '../schemas/errors.js'
import { ObjectStorageRefused, ObjectStorageUnavailable } from '../store/failures.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** What all routes for notifications of the bucket have in common. */
    eventDoors: {
      /** Makes the routes of a scope read bodies as JSON, whatever their media type; a body that is not JSON is `undefined`. */
      readBodies: (scope: FastifyInstance) => void
      /**
       * Takes in the notification that a request brings, once its sender is known.
       *
       * @throws {DeclaredError} or an error that the error handler turns into one
       */
      receive: (request: FastifyRequest, channel: EventChannel) => Promise<BucketEvents>
      /** Turns a sender away, and counts that against its address. Always throws: the refusal, or that there were too many. */
      refuse: (request: FastifyRequest, reply: FastifyReply, refusal: DeclaredError) => Promise<never>
    }
  }
  interface FastifyContextConfig {
    /** How a caller of a route without `roles` proves who it is, in the words of the documents. */
    proof?: string
  }
}

/** Decorates the instance with what the routes for notifications share: how bodies are read, and what errors mean. */
export default fastifyPlugin(async (app) => {
  app.decorate('eventDoors', {
    readBodies: (scope) => {
      // Every vendor calls its JSON something else, or nothing.
      scope.removeAllContentTypeParsers()
      scope.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: unknown, bytes: Buffer) => parseNotificationBody(bytes))
    },
    receive: async (request, channel) => {
      try {
        return await app.bucketEvents.receive(request.body, channel)
      } catch (error) {
        if (error instanceof UnknownNotificationError) {
          request.log.warn({ bytes: Number(request.headers['content-length'] ?? 0) }, 'refused a notification of unknown form')
          throw new EventsNotUnderstoodError()
        }
        const isAnswered = error instanceof ObjectStorageUnavailable || error instanceof ObjectStorageRefused ||
          isDatabaseUnavailable(error)
        throw isAnswered ? error : new EventsNotAppliedError({ cause: error })
      }
    },
    refuse: async (request, reply, refusal) => {
      await app.limits.authFailures.spend(request, reply)
      throw refusal
    },
  })
}, { name: 'event-doors', dependencies: ['bucket-events', 'limits'] })
