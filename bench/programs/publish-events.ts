/*
 * A load generator in its own process: publishes notifications of new files, as MinIO sends them, to a broker, and ends once
 * the broker has all of them. For event-queues.ts. Arguments: amqp or nats, how many, how many per second (0: all at once).
 */
import { setTimeout } from 'node:timers/promises'
import { jetstream } from '@nats-io/jetstream'
import { connect as connectNats } from '@nats-io/transport-node'
import { connect as connectAmqp } from 'amqplib'
import { createNotifications } from '../notifications.js'

const [channel, count, perSecond] = process.argv.slice(2)
const AT_ONCE = 500
const STEP_MS = 20
const { S3_BUCKET = '', EVENTS_AMQP_URL = '', EVENTS_AMQP_QUEUE = '', EVENTS_NATS_URL = '', EVENTS_NATS_SUBJECT = '' } = process.env
const makeNotification = createNotifications(S3_BUCKET, 1)

interface Publisher {
  publish: (bodies: string[]) => Promise<unknown>
  close: () => Promise<void>
}

async function openAmqp (): Promise<Publisher> {
  const connection = await connectAmqp(EVENTS_AMQP_URL)
  const channel = await connection.createConfirmChannel()
  return {
    publish: async (bodies) => {
      for (const body of bodies) channel.sendToQueue(EVENTS_AMQP_QUEUE, Buffer.from(body), { persistent: true })
      await channel.waitForConfirms()
    },
    close: () => connection.close(),
  }
}

async function openNats (): Promise<Publisher> {
  const { host, username, password } = new URL(EVENTS_NATS_URL)
  const connection = await connectNats({ servers: host, user: username, pass: password })
  const stream = jetstream(connection)
  return {
    publish: (bodies) => Promise.all(bodies.map((body) => stream.publish(EVENTS_NATS_SUBJECT, body))),
    close: () => connection.close(),
  }
}

const { publish, close } = await (channel === 'amqp' ? openAmqp() : openNats())
const startedAtMs = performance.now()
for (let published = 0; published < Number(count);) {
  const elapsedMs = performance.now() - startedAtMs
  const due = Number(perSecond) === 0 ? published + AT_ONCE : Math.ceil(elapsedMs / 1000 * Number(perSecond))
  const size = Math.min(due, Number(count)) - published
  await publish(Array.from({ length: size }, makeNotification))
  published += size
  if (Number(perSecond) > 0) await setTimeout(STEP_MS)
}
await close()
