/** How notifications reach the service: through its own endpoints, from queues, or from the embedded storage. */
export type EventChannel = 'http' | 'sns' | 'pubsub' | 'sqs' | 'amqp' | 'nats' | 'embedded'

/** The channels that are queues. */
export type QueueChannel = Extract<EventChannel, 'sqs' | 'amqp' | 'nats'>
