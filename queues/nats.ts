import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { importOptional } from '../errors/missing-package.js'
import { HeldMessages } from './held-messages.js'
import { Inbox } from './inbox.js'
import { BATCH_MAX_MESSAGES, CONNECT_TIMEOUT_MS, type EventQueue, type QueueMessage } from './queue.js'

/** A durable pull consumer of a stream of NATS JetStream. */
export interface NatsAddress {
  /** With user and password, or with a token in place of the user. */
  url: string
  stream: string
  consumer: string
}

/** How long the server may hold a request for messages. */
const PULL_MS = 20_000
const HELD_MAX_MESSAGES = 2 * BATCH_MAX_MESSAGES

/**
 * Loads the NATS client, and returns a function that opens a consumer. Stream and consumer must exist: nothing is created.
 *
 * @throws {MissingPackageError}
 */
export async function loadNats (): Promise<(address: NatsAddress) => Promise<EventQueue>> {
  const { connect } = await importOptional('@nats-io/transport-node', 'EVENTS_NATS_URL', () => import('@nats-io/transport-node'))
  const { jetstream } = await importOptional('@nats-io/jetstream', 'EVENTS_NATS_URL', () => import('@nats-io/jetstream'))
  return async ({ url, stream, consumer: name }) => {
    const { protocol, host, username, password } = new URL(url)
    const [user, pass] = [decodeURIComponent(username), decodeURIComponent(password)]
    const connection = await connect({
      servers: host,
      name: 'objects-storage',
      timeout: CONNECT_TIMEOUT_MS,
      // The loop reconnects, for every kind of queue alike.
      reconnect: false,
      ...protocol === 'tls:' ? { tls: {} } : {},
      ...user === '' ? {} : pass === '' ? { token: user } : { user, pass },
    })
    try {
      const consumer = await jetstream(connection).consumers.get(stream, name)
      const { config } = await consumer.info()
      if (config.ack_policy !== 'explicit') throw new Error(`The consumer ${name} must be one with explicit acknowledgements.`)
      return new NatsQueue(connection, consumer, (config.ack_wait ?? 0) / 1e6)
    } catch (error) {
      await connection.close().catch(() => {})
      throw error
    }
  }
}

/** Messages are pulled as long as there is room for more, so that some wait while others are being committed. */
class NatsQueue implements EventQueue {
  readonly extendIntervalMs
  readonly #connection
  readonly #consumer
  readonly #inbox = new Inbox<QueueMessage>()
  readonly #held = new HeldMessages<JsMsg>()
  #pull: ConsumerMessages | undefined
  #roomMade = () => {}
  #isClosed = false

  constructor (connection: NatsConnection, consumer: Consumer, ackWaitMs: number) {
    this.#connection = connection
    this.#consumer = consumer
    this.extendIntervalMs = Math.max(ackWaitMs / 3, 100)
    connection.closed().then((error) => { this.#inbox.fail(error ?? new Error('The connection was closed.')) }, () => {})
    this.#pullAlways().catch((error: unknown) => { this.#inbox.fail(error) })
  }

  async receive (signal: AbortSignal): Promise<QueueMessage[]> {
    return await this.#inbox.take(BATCH_MAX_MESSAGES, signal)
  }

  async acknowledge (messages: readonly QueueMessage[]): Promise<void> {
    for (const delivery of this.#held.release(messages)) delivery.ack()
    this.#roomMade()
    await this.#connection.flush()
  }

  async giveBack (messages: readonly QueueMessage[]): Promise<void> {
    for (const delivery of this.#held.release(messages)) delivery.nak()
    this.#roomMade()
    await this.#connection.flush()
  }

  async extend (): Promise<void> {
    for (const delivery of this.#held.handles) delivery.working()
  }

  async countWaiting (): Promise<number> {
    return (await this.#consumer.info()).num_pending
  }

  async close (): Promise<void> {
    this.#isClosed = true
    this.#roomMade()
    try {
      await this.#pull?.close()
      for (const delivery of this.#held.releaseAll()) delivery.nak()
      await this.#connection.flush()
    } catch {
      // The connection is already closed: the messages come again once their time is over.
    }
    await this.#connection.close().catch(() => {})
  }

  async #pullAlways (): Promise<void> {
    while (!this.#isClosed) {
      if (HELD_MAX_MESSAGES - this.#held.count < BATCH_MAX_MESSAGES) {
        await new Promise<void>((resolve) => { this.#roomMade = resolve })
        continue
      }
      this.#pull = await this.#consumer.fetch({ max_messages: BATCH_MAX_MESSAGES, expires: PULL_MS })
      for await (const delivery of this.#pull) {
        const message = {
          body: Buffer.from(delivery.data), isRedelivered: delivery.redelivered, sentAt: delivery.time,
        }
        this.#held.add(message, delivery)
        this.#inbox.push(message)
      }
    }
  }
}
