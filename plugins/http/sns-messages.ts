import fastifyPlugin from 'fastify-plugin'
import { proxyFor } from '../../http/proxy.js'
import { type FetchText, TextFetcher } from '../../identity/amazon-sns/fetch-text.js'
import { SnsMessageVerifier } from '../../identity/amazon-sns/message-verifier.js'
import { SnsMessageRefusedError, SnsUnavailableError } from '../../identity/amazon-sns/refusal.js'
import { readTopicArn } from '../../identity/amazon-sns/topic.js'
import { EventsNotAppliedError, SignatureInvalidError } from '../../schemas/errors.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Replaces requests to Amazon SNS in tests, which cannot sign as Amazon. There is no setting for it. */
    fetchText: FetchText | undefined
    /** Verifies messages of the configured topics; undefined if there are none. */
    snsMessages: {
      /**
       * Verifies a message, and if it asks to confirm a subscription, does so.
       *
       * @param body parsed from JSON
       * @returns whether it is a published notification
       * @throws {SignatureInvalidError}
       * @throws {EventsNotAppliedError} if SNS has to be asked and does not answer
       */
      receive: (body: unknown) => Promise<{ isNotification: boolean }>
    } | undefined
  }
}

/** Decorates the instance with the check of messages that Amazon SNS sends. */
export default fastifyPlugin(async (app) => {
  const { EVENTS_SNS_TOPIC_ARN: topicArns } = app.config
  if (topicArns === undefined) {
    app.decorate('snsMessages', undefined)
    return
  }
  const topics = topicArns.split(',').map((arn) => readTopicArn(arn.trim()))
  const fetcher = new TextFetcher({ proxyFor: (url) => proxyFor(url, app.config) })
  app.addHook('onClose', async () => { await fetcher.close() })
  const verifier = new SnsMessageVerifier(topics, app.fetchText ?? fetcher.fetch)
  app.decorate('snsMessages', {
    receive: async (body) => {
      try {
        const message = await verifier.verify(body)
        const { type, topicArn } = message
        if (type === 'SubscriptionConfirmation') {
          await verifier.confirm(message)
          app.log.info({ topicArn }, 'subscribed to a topic of SNS')
        }
        if (type === 'UnsubscribeConfirmation') app.log.warn({ topicArn }, 'the subscription to a topic of SNS has ended')
        return { isNotification: type === 'Notification' }
      } catch (error) {
        if (error instanceof SnsMessageRefusedError) throw new SignatureInvalidError(error.message)
        throw error instanceof SnsUnavailableError ? new EventsNotAppliedError({ cause: error }) : error
      }
    },
  })
}, { name: 'sns-messages', dependencies: ['config'] })
