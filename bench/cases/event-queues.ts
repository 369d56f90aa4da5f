import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { natsSkip, startNats } from '../../test/support/nats-server.js'
import { rabbitMqSkip, startRabbitMq } from '../../test/support/rabbitmq.js'
import type { TestBroker } from '../../test/support/test-broker.js'
import type { Bench, Case } from '../bench.js'
import { runProgram } from '../child-process.js'
import { type Measurement, atLeast, beside, interleave, spread } from '../measure.js'
import { type ServiceProcess, startService } from '../services/service.js'

const POSTERS = 64
/** For each second of a measurement: more events than the service counts in one. */
const BACKLOG_PER_SECOND = 2_500
const POLL_MS = 10
/** Of the kernel's clock, in which /proc counts a process's time. */
const TICKS_PER_SECOND = 100

interface Rate {
  perSecond: number
  events: number
}

/**
 * How fast a backlog in RabbitMQ and NATS JetStream is counted, compared with 64 senders over HTTP, with the service's own CPU
 * time per event; and whether the newest event is counted within a second at half that rate.
 */
export const eventQueues: Case = async function * (bench) {
  const { postgres, rounds, seconds } = bench
  if (postgres === undefined || natsSkip !== false || rabbitMqSkip !== false) return
  const ends: Array<() => unknown> = []
  const owner = { teardown: (end: () => unknown) => { ends.unshift(end) } }
  try {
    const brokers = { amqp: await startRabbitMq(owner), nats: await startNats(owner) }
    const token = { EVENTS_TOKEN: randomUUID() }
    const start = async (environment: Record<string, string>) => {
      const service = await startService(bench, { DATABASE_URL: await postgres.createDatabase(), ...token, ...environment })
      ends.unshift(() => service.stop())
      return service
    }
    const services = {
      http: await start({}), amqp: await start(brokers.amqp.environment), nats: await start(brokers.nats.environment),
    }
    const cpu: Record<keyof typeof services, number[]> = { http: [], amqp: [], nats: [] }
    const measured = (name: keyof typeof services, measure: () => Promise<Rate>) => async () => {
      const before = await cpuSeconds(services[name])
      const { perSecond, events } = await measure()
      cpu[name].push((await cpuSeconds(services[name]) - before) / events * 1e6)
      return perSecond
    }
    const count = seconds * BACKLOG_PER_SECOND
    const figures = await interleave(rounds, {
      http: measured('http', () => postEvents(bench, services.http, token)),
      amqp: measured('amqp', () => workOff(bench, services.amqp, brokers.amqp, count)),
      nats: measured('nats', () => workOff(bench, services.nats, brokers.nats, count)),
    })
    const http = { name: `${POSTERS} posters over HTTP`, figures: figures.http }
    const httpCpu = { name: http.name, figures: cpu.http.slice(1) }
    for (const [channel, title] of [['amqp', 'RabbitMQ'], ['nats', 'NATS JetStream']] as const) {
      yield beside(`Backlog of ${title}`, 'events/s', figures[channel], http, atLeast(0.8))
      yield beside(`Service's CPU for an event of ${title}`, 'µs', cpu[channel].slice(1), httpCpu)
      const perSecond = spread(figures[channel]).median / 2
      yield await punctuality(bench, services[channel], { broker: brokers[channel], title, perSecond })
    }
  } finally {
    for (const end of ends) await end()
  }
}

async function postEvents ({ seconds, store }: Bench, service: ServiceProcess, token: Record<string, string>): Promise<Rate> {
  const before = await metricOf(service, 'objects_storage_event_records_total{outcome="applied"}')
  const [perSecond = NaN] = await runProgram('post-events', [service.origin, String(POSTERS), String(seconds), '1'], {
    environment: { ...token, S3_BUCKET: store.environment.S3_BUCKET },
  })
  return { perSecond, events: await metricOf(service, 'objects_storage_event_records_total{outcome="applied"}') - before }
}

/** How fast the service counts a backlog that built up while it was suspended. */
async function workOff (bench: Bench, service: ServiceProcess, broker: TestBroker, events: number): Promise<Rate> {
  const target = await committedOf(service, broker) + events
  process.kill(service.pid, 'SIGSTOP')
  await publish(bench, broker, events, 0)
  const startedAtMs = performance.now()
  process.kill(service.pid, 'SIGCONT')
  while (await committedOf(service, broker) < target) await setTimeout(POLL_MS)
  return { perSecond: events / (performance.now() - startedAtMs) * 1000, events }
}

/** How many of the events that arrive at a given rate are counted within a second. */
async function punctuality (
  bench: Bench, service: ServiceProcess,
  { broker, title, perSecond }: { broker: TestBroker, title: string, perSecond: number },
): Promise<Measurement> {
  const name = 'objects_storage_event_lateness_seconds'
  const labels = `channel="${broker.channel}"`
  const read = async () => [
    await metricOf(service, `${name}_bucket{le="1",${labels}}`), await metricOf(service, `${name}_count{${labels}}`),
  ] as const
  const [intimeBefore, allBefore] = await read()
  const events = Math.round(perSecond * bench.seconds)
  await publish(bench, broker, events, perSecond)
  while ((await read())[1] < allBefore + events) await setTimeout(POLL_MS)
  const share = ((await read())[0] - intimeBefore) / events * 100
  return {
    case: `Events of ${title} counted within 1 s, at ${Math.round(perSecond).toLocaleString('en')}/s`,
    unit: '%',
    measured: spread([share]),
    target: { text: '100 %', isMet: share === 100 },
  }
}

async function publish (
  { store }: Bench, { channel, environment }: TestBroker, count: number, perSecond: number,
): Promise<void> {
  await runProgram('publish-events', [channel, String(count), String(perSecond)], {
    environment: { ...environment, EVENTS_NATS_SUBJECT: 'objects.events', S3_BUCKET: store.environment.S3_BUCKET },
  })
}

function committedOf (service: ServiceProcess, { channel }: TestBroker): Promise<number> {
  return metricOf(service, `objects_storage_event_queue_messages_total{channel="${channel}",outcome="committed"}`)
}

async function metricOf ({ origin }: ServiceProcess, name: string): Promise<number> {
  const text = await (await fetch(`${origin}/metrics`)).text()
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  return line === undefined ? 0 : Number(line.slice(name.length))
}

async function cpuSeconds ({ pid }: ServiceProcess): Promise<number> {
  // After the name in brackets, the 12th and 13th fields (proc(5)).
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}
