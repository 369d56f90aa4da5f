import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib'
import { importOptional } from '../errors/missing-package.js'
import { HeldMessages } from './held-messages.js'
import { Inbox } from './inbox.js'
import { BATCH_MAX_MESSAGES, CONNECT_TIMEOUT_MS, type EventQueue, type QueueMessage } from './queue.js'

/** A queue of a broker that speaks AMQP 0-9-1, such as RabbitMQ. */
export interface AmqpAddress {
  /** With user, password and virtual host. */
  url: string
  queue: string
}

/** A broker that disappears silently is noticed after two of these. */
const HEARTBEAT_SECONDS = 15

/**
 * Loads the AMQP client, and returns a function that opens a queue. The queue must exist: nothing is declared in the broker.
 *
 * @throws {MissingPackageError}
 */
export async function loadAmqp (): Promise<(address: AmqpAddress) => Promise<EventQueue>> {
  const { connect } = await importOptional('amqplib', 'EVENTS_AMQP_URL', () => import('amqplib'))
  return async ({ url, queue }) => {
    const address = new URL(url)
    if (!address.searchParams.has('heartbeat')) address.searchParams.set('heartbeat', String(HEARTBEAT_SECONDS))
    const connection = await connect(address.href, { timeout: CONNECT_TIMEOUT_MS })
    const inbox = new Inbox<ConsumeMessage>()
    connection.on('error', (error) => { inbox.fail(error) })
    connection.on('close', (error) => { inbox.fail(error ?? new Error('The connection was closed.')) })
    try {
      const channel = await openChannel(connection, inbox)
      // On a channel of its own: asking about a queue that is gone closes the channel.
      const inspection = await openChannel(connection, inbox)
      await inspection.checkQueue(queue)
      await channel.prefetch(BATCH_MAX_MESSAGES)
      await channel.consume(queue, (message) => {
        if (message === null) inbox.fail(new Error('The broker ended the delivery: the queue was deleted, or has moved.'))
        else inbox.push(message)
      })
      const countWaiting = async () => (await inspection.checkQueue(queue)).messageCount
      return new AmqpQueue({ connection, channel, inbox, countWaiting })
    } catch (error) {
      await connection.close().catch(() => {})
      throw error
    }
  }
}

async function openChannel (connection: ChannelModel, inbox: Inbox<ConsumeMessage>): Promise<Channel> {
  const channel = await connection.createChannel()
  channel.on('error', (error) => { inbox.fail(error) })
  channel.on('close', () => { inbox.fail(new Error('The channel was closed.')) })
  return channel
}

/** The broker reserves a message for the connection that delivered it, so nothing needs to be extended. */
class AmqpQueue implements EventQueue {
  readonly extendIntervalMs = undefined
  readonly countWaiting
  readonly #connection
  readonly #channel
  readonly #inbox
  readonly #held = new HeldMessages<ConsumeMessage>()

  constructor ({ connection, channel, inbox, countWaiting }: {
    connection: ChannelModel
    channel: Channel
    inbox: Inbox<ConsumeMessage>
    countWaiting: () => Promise<number>
  }) {
    this.#connection = connection
    this.#channel = channel
    this.#inbox = inbox
    this.countWaiting = countWaiting
  }

  async receive (signal: AbortSignal): Promise<QueueMessage[]> {
    const delivered = await this.#inbox.take(BATCH_MAX_MESSAGES, signal)
    return delivered.map((delivery) => {
      // In seconds, if the sender sets one.
      const timestamp: unknown = delivery.properties.timestamp
      const message = {
        body: delivery.content,
        isRedelivered: delivery.fields.redelivered,
        sentAt: typeof timestamp === 'number' && timestamp > 0 ? new Date(timestamp * 1000) : undefined,
      }
      this.#held.add(message, delivery)
      return message
    })
  }

  async acknowledge (messages: readonly QueueMessage[]): Promise<void> {
    for (const delivery of this.#held.release(messages)) this.#channel.ack(delivery)
  }

  async giveBack (messages: readonly QueueMessage[]): Promise<void> {
    for (const delivery of this.#held.release(messages)) this.#channel.nack(delivery)
  }

  async extend (): Promise<void> {}

  async close (): Promise<void> {
    // By now everything has been acknowledged or given back; what the channel still holds goes back to the queue.
    await this.#channel.close().catch(() => {})
    await this.#connection.close().catch(() => {})
  }
}
