import { Type } from '@sinclair/typebox'
import { httpUrlWithPath } from './forms.js'

const queueName = (description: string, example: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 255, description, examples: [example] }))

/** Queues from which the bucket's notifications are taken. */
export const eventQueues = {
  EVENTS_SQS_URL: Type.Optional(httpUrlWithPath({
    description: 'Address of the Amazon SQS queue that the bucket\'s notifications are taken from, with this machine\'s own ' +
      'credentials, as AWS\'s tools find them; `S3_ACCESS_KEY` is not used for it. The package `@aws-sdk/client-sqs` must ' +
      'be installed. Unset: no such queue is read.',
    examples: ['https://sqs.eu-central-1.amazonaws.com/123456789012/objects'],
  })),
  EVENTS_AMQP_URL: Type.Optional(Type.String({
    secret: true,
    pattern: '^amqps?://[^\\s]+$',
    words: 'an address of an AMQP broker',
    description: 'RabbitMQ, or another AMQP 0-9-1 broker, that the bucket\'s notifications are taken from; `amqps://` uses ' +
      'TLS. Special characters are percent-encoded in user, password and virtual host. The package `amqplib` must be ' +
      'installed. Unset: no such queue is read.',
    examples: ['amqps://user:password@host:5671/vhost'],
  })),
  EVENTS_AMQP_QUEUE: queueName('Its queue, which must exist. Required with `EVENTS_AMQP_URL`.', 'objects'),
  EVENTS_NATS_URL: Type.Optional(Type.String({
    secret: true,
    pattern: '^(nats|tls)://[^\\s/]+/?$',
    words: 'an address of a NATS server',
    description: 'NATS with JetStream that the bucket\'s notifications are taken from, with user and password or a token in place of the ' +
      'user; `tls://` uses TLS. The packages `@nats-io/transport-node` and `@nats-io/jetstream` must be installed. Unset: ' +
      'no such queue is read.',
    examples: ['tls://user:password@host:4222'],
  })),
  EVENTS_NATS_STREAM: queueName('Its stream, which must exist. Required with `EVENTS_NATS_URL`.', 'OBJECTS'),
  EVENTS_NATS_CONSUMER: queueName('A durable pull consumer of the stream, which must exist and require explicit ' +
    'acknowledgements. Required with `EVENTS_NATS_URL`.', 'objects-storage'),
}
