import fastifyPlugin from 'fastify-plugin'
import { Counter, Gauge } from 'prom-client'
import type { Config } from '../config.js'
import { isDatabaseUnavailable } from '../db/connection/availability.js'
import type { QueueChannel } from '../events/channel.js'
import { QueueFullError } from '../events/group-commit.js'
import { UnknownNotificationError } from '../events/notification.js'
import { notificationText, parseNotificationBody } from '../events/notification-body.js'
import { loadAmqp } from '../queues/amqp.js'
import { QueueConsumer } from '../queues/consume.js'
import { loadNats } from '../queues/nats.js'
import type { OpenQueue } from '../queues/queue.js'
import { loadSqs } from '../queues/sqs.js'
import { ObjectStorageRefused, ObjectStorageUnavailable } from '../store/failures.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Undefined if no queue is configured. */
    eventQueues: { areUp: () => boolean } | undefined
  }
}

/** The settings whose files may change while the service runs. */
const secretOf: Partial<Record<QueueChannel, keyof Config>> = { amqp: 'EVENTS_AMQP_URL', nats: 'EVENTS_NATS_URL' }

/** Takes the bucket's notifications from the queues that are configured, for as long as the service listens. */
export default fastifyPlugin(async (app) => {
  let config: Config = app.config
  const sources = await loadSources(() => config)
  const consumers = new Map<QueueChannel, QueueConsumer>()
  app.decorate('eventQueues', sources.size === 0 ? undefined : { areUp: () => [...consumers.values()].every(({ isUp }) => isUp) })
  if (sources.size === 0) return

  const registers = [app.metrics]
  const messages = new Counter({
    name: 'objects_storage_event_queue_messages_total',
    help: 'Messages taken from queues and acknowledged, by what became of them.',
    labelNames: ['channel', 'outcome'],
    registers,
  })
  const redeliveries = new Counter({
    name: 'objects_storage_event_queue_redeliveries_total',
    help: 'Messages that a queue had delivered before.',
    labelNames: ['channel'],
    registers,
  })
  const gauge = (name: string, help: string, read: (consumer: QueueConsumer) => number | undefined) => {
    const made = new Gauge({
      name,
      help,
      labelNames: ['channel'],
      registers,
      collect: () => {
        made.reset()
        for (const [channel, consumer] of consumers) {
          const value = read(consumer)
          if (value !== undefined) made.set({ channel }, value)
        }
      },
    })
  }
  gauge('objects_storage_event_queue_up', 'Whether the queue could be reached when that was last tried.', ({ isUp }) => Number(isUp))
  gauge('objects_storage_event_queue_waiting', 'Messages that wait in the queue, as it counts them.', ({ waitingCount }) => waitingCount)
  gauge('objects_storage_event_queue_oldest_seconds', 'Age of the oldest message of the batch under way.',
    ({ oldestSentAt }) => oldestSentAt === undefined ? 0 : Math.max(0, (Date.now() - oldestSentAt.getTime()) / 1000))

  const take = (channel: QueueChannel) => async (bytes: Buffer) => {
    try {
      await app.bucketEvents.receive(parseNotificationBody(bytes), channel)
      return 'committed'
    } catch (error) {
      if (!(error instanceof UnknownNotificationError)) throw error
      // Otherwise it would be refused again and again: a queue's sender sees no answers.
      await app.bucketEvents.setAside([{ reason: 'form_unknown', record: notificationText(bytes) }])
      return 'set_aside'
    }
  }
  /** Each record separately, so that none is cut because of their total length. */
  const giveUp = async (bytes: Buffer) => {
    const { events = [], rejected = [] } = app.bucketEvents.read(parseNotificationBody(bytes)) ?? {}
    const records = new Set([...events, ...rejected].map(({ record }) => record))
    await app.bucketEvents.setAside([...records].map((record) => ({ reason: 'not_applied', record })))
  }
  for (const [channel, open] of sources) {
    const log = app.log.child({ channel })
    consumers.set(channel, new QueueConsumer({
      open,
      take: take(channel),
      isOutage,
      giveUp: async (bytes, error) => {
        await giveUp(bytes)
        log.error({ err: error }, 'a notification cannot be counted, even after several attempts: its records are set aside')
      },
      onReceived: (received) => {
        redeliveries.inc({ channel }, received.filter(({ isRedelivered }) => isRedelivered).length)
      },
      onSettled: (outcome, count) => { messages.inc({ channel, outcome }, count) },
      onHeld: (count, error) => {
        log.error({ err: error, count }, 'notifications from a queue cannot be counted now, and are held until they can be')
      },
      onUp: () => { log.info('notifications are taken from the queue') },
      onDown: (error) => { log.error({ err: error }, 'the queue of notifications cannot be reached; trying again') },
    }))
  }
  app.secretFiles.on('change', (changed, names) => {
    config = changed
    for (const [channel, consumer] of consumers) {
      const secret = secretOf[channel]
      if (secret !== undefined && names.has(secret)) consumer.reopen()
    }
  })
  // Only if the service listens: commands build an instance too.
  app.addHook('onListen', async () => {
    for (const consumer of consumers.values()) consumer.start()
  })
  app.addHook('onClose', async () => { await Promise.all([...consumers.values()].map((consumer) => consumer.stop())) })
}, { name: 'event-queues', dependencies: ['config', 'secret-files', 'bucket-events', 'metrics'] })

/** Opens each configured queue, with the configuration at that time. */
async function loadSources (current: () => Config): Promise<Map<QueueChannel, OpenQueue>> {
  const sources = new Map<QueueChannel, OpenQueue>()
  const { EVENTS_SQS_URL, EVENTS_AMQP_URL, EVENTS_NATS_URL } = current()
  if (EVENTS_SQS_URL !== undefined) {
    const open = await loadSqs()
    sources.set('sqs', async () => await open({ url: EVENTS_SQS_URL, region: current().S3_REGION }))
  }
  if (EVENTS_AMQP_URL !== undefined) {
    const open = await loadAmqp()
    sources.set('amqp', async () => {
      const { EVENTS_AMQP_URL: url = '', EVENTS_AMQP_QUEUE: queue = '' } = current()
      return await open({ url, queue })
    })
  }
  if (EVENTS_NATS_URL !== undefined) {
    const open = await loadNats()
    sources.set('nats', async () => {
      const { EVENTS_NATS_URL: url = '', EVENTS_NATS_STREAM: stream = '', EVENTS_NATS_CONSUMER: consumer = '' } = current()
      return await open({ url, stream, consumer })
    })
  }
  return sources
}

/** Whether nothing can be counted now: another message would fare no better. */
function isOutage (error: unknown): boolean {
  return isDatabaseUnavailable(error) || error instanceof ObjectStorageUnavailable || error instanceof ObjectStorageRefused ||
    error instanceof QueueFullError
}
