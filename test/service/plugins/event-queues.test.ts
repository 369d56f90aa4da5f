import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { loadConfig } from '../../../config.js'
import { countSetAside, listSetAside } from '../../../db/events/set-aside-records.js'
import { mintObjectKey } from '../../../objects/object-key.js'
import { replaySetAside } from '../../../reconcile/replay-set-aside.js'
import { bucketRecord } from '../../support/bucket-records.js'
import { createServerDatabase, testDatabaseUrl } from '../../support/database.js'
import { startDatabaseGate } from '../../support/database-gate.js'
import { freePort } from '../../support/free-port.js'
import { natsSkip, startNats } from '../../support/nats-server.js'
import { rabbitMqSkip, startRabbitMq } from '../../support/rabbitmq.js'
import { type TestService, member, runId, startService, workflowId } from '../../support/service.js'
import { type TestBroker, until, untilEmpty } from '../../support/test-broker.js'

const BUCKET = 'objects'
const HELD = 'notifications from a queue cannot be counted now, and are held until they can be'
const AWAY = 'the queue of notifications cannot be reached; trying again'
const TAKEN = 'notifications are taken from the queue'
const mint = (path: string) =>
  mintObjectKey({ orgKey: 'acme', workflowId, runId, createdBy: member.userId, direction: 'outputs', path })
const created = (objectKey: string, sizeBytes: number) => bucketRecord(objectKey, { bucket: BUCKET, sizeBytes })
const listen = async ({ app }: TestService) => { await app.listen({ host: '127.0.0.1', port: 0 }) }
const metricsOf = async ({ app }: TestService) => (await app.inject('/metrics')).payload
const readinessOf = async ({ app }: TestService) => (await app.inject('/health/ready')).json()

/** A service on a database server that takes notifications from a broker, and listens. */
async function startConsumer (t: Test, broker: TestBroker, environment: Record<string, string> = {}) {
  const service = await startService(t, { ...broker.environment, ...environment })
  await listen(service)
  const usage = async () => (await service.app.inject({
    url: '/api/v1/objects/storage-usage', headers: service.authorise(member),
  })).json().totalBytes
  return { ...service, usage }
}

t.test('notifications from NATS JetStream', { skip: natsSkip }, async (t) => {
  const nats = await startNats(t)

  t.test('are counted, and a body of no known form is set aside, acknowledged and replayed once it is understood', async (t) => {
    const service = await startConsumer(t, nats)
    const { app } = service
    await nats.publish([
      JSON.stringify({ Records: [created(mint('a.txt'), 5), created(mint('b.txt'), 6)] }),
      JSON.stringify({ what: 'is this' }),
      'not JSON',
      Buffer.from([0xff, 0xfe, 0x00]),
      'x'.repeat(300_000),
      JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: BUCKET }),
    ])
    await untilEmpty(nats)
    await until(async () => await service.usage() === 11)
    const rows = await listSetAside(app.database, { reason: 'form_unknown' }, { after: 0n, limit: 10 })
    t.strictSame(rows.map(({ record }) => record.slice(0, 20)).sort(), ['//4A', 'not JSON', 'x'.repeat(20), '{"what":"is this"}'])
    t.ok(rows.every(({ record }) => record.length <= 8_192), 'none is kept beyond the bound')
    t.match(await metricsOf(service), /objects_storage_event_queue_messages_total\{channel="nats",outcome="set_aside"\} 4/)
    t.match(await metricsOf(service), /objects_storage_event_queue_messages_total\{channel="nats",outcome="committed"\} 2/)
    t.match(await metricsOf(service), /objects_storage_event_lateness_seconds_count\{channel="nats"\} 2/)

    const [row] = rows.filter(({ record }) => record.startsWith('{'))
    if (row === undefined) throw new Error('It is not there.')
    const { read, ask, clockSkewMs } = app.bucketEvents
    t.equal(await replaySetAside(row, { database: app.database, read, ask, clockSkewMs }), 'not_understood')
    // As a build that knows this form would read it.
    const later = { ...row, record: JSON.stringify({ Records: [created(mint('c.txt'), 7)] }) }
    t.equal(await replaySetAside(later, { database: app.database, read, ask, clockSkewMs }), 'counted')
    t.equal((await countSetAside(app.database))?.count, 3)
  })

  t.test('an own failure of one is tried some times, then its records are set aside, and others are counted', async (t) => {
    const service = await startConsumer(t, nats)
    const { app } = service
    // PostgreSQL fails only for this key, and with an error that does not mean an outage.
    const bad = mint('bad.txt')
    const receive = app.bucketEvents.receive
    let tries = 0
    app.bucketEvents.receive = async (body, channel) => {
      if (!JSON.stringify(body).includes(bad)) return await receive(body, channel)
      tries++
      throw new TypeError('a fault of the code')
    }
    const lines = service.nextLine(({ msg }) => msg.includes('its records are set aside'))
    await nats.publish([JSON.stringify({ Records: [created(bad, 1)] }), JSON.stringify({ Records: [created(mint('good.txt'), 9)] })])
    await untilEmpty(nats)
    t.equal((await lines).level, 50)
    t.equal(tries, 5)
    t.equal(await service.usage(), 9)
    const [row] = await listSetAside(app.database, { reason: 'not_applied' }, { after: 0n, limit: 10 })
    t.match(row?.record, bad)
    t.notOk(service.log.some((line) => line.includes(bad)), 'no log has the key')
  })

  t.test('a new password in the file of the address is used, without a restart', async (t) => {
    const { EVENTS_NATS_URL, ...environment } = nats.environment
    const file = join(t.testdir(), 'url')
    await writeFile(file, EVENTS_NATS_URL ?? '')
    const service = await startConsumer(t, { ...nats, environment }, { EVENTS_NATS_URL_FILE: file })
    await until(async () => (await readinessOf(service)).parts.eventQueues === 'up')
    const away = service.nextLine(({ msg }) => msg === AWAY)
    await nats.changePassword('second')
    await away
    t.match(await readinessOf(service), { status: 'degraded', parts: { eventQueues: 'down' } })
    const back = service.nextLine(({ msg }) => msg === TAKEN)
    await writeFile(file, nats.urlWith('second'))
    await back
    await nats.publish([JSON.stringify({ Records: [created(mint('after.txt'), 3)] })])
    await until(async () => await service.usage() === 3)
    t.match(await readinessOf(service), { status: 'ready', parts: { eventQueues: 'up' } })
    t.notOk(service.log.some((line) => /:(?:first|second)@/.test(line)), 'no log has a password')
    t.match(await metricsOf(service), /objects_storage_event_queue_up\{channel="nats"\} 1/)
  })
})

t.test('a broker that ends makes the service degraded, and is found again by itself', { skip: rabbitMqSkip }, async (t) => {
  const broker = await startRabbitMq(t)
  const service = await startConsumer(t, broker)
  await until(async () => (await readinessOf(service)).status === 'ready')
  await broker.publish([JSON.stringify({ Records: [created(mint('a.txt'), 5)] })])
  await until(async () => await service.usage() === 5)
  const away = service.nextLine(({ msg }) => msg === AWAY)
  await broker.stop()
  await away
  t.match(await readinessOf(service), { status: 'degraded', parts: { eventQueues: 'down' } })
  t.match(await metricsOf(service), /objects_storage_part_up\{part="event_queues"\} 0/)
  const back = service.nextLine(({ msg }) => msg === TAKEN)
  await broker.restart()
  await back
  await broker.publish([JSON.stringify({ Records: [created(mint('b.txt'), 6)] })])
  await until(async () => await service.usage() === 11)
  t.equal((await readinessOf(service)).status, 'ready')
  t.notOk(service.log.some((line) => line.includes('guest:guest')), 'no log has the password')

  t.test('what a consumer held whose service ends without its commit is redelivered, and counted as such', async (t) => {
    const holder = await startConsumer(t, broker)
    holder.app.bucketEvents.receive = async () => { throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' }) }
    await service.app.close()
    const held = holder.nextLine(({ msg }) => msg === HELD)
    await broker.publish([JSON.stringify({ Records: [created(mint('c.txt'), 7)] })])
    await held
    const other = await startConsumer(t, broker)
    await holder.app.close()
    await until(async () => await other.usage() === 7)
    t.match(await metricsOf(other), /objects_storage_event_queue_redeliveries_total\{channel="amqp"\} 1/)
  })
})

t.test('while PostgreSQL is away the queue holds all', { skip: natsSkip || (testDatabaseUrl === undefined && 'TEST_DATABASE_URL is not set') }, async (t) => {
  const nats = await startNats(t)
  const { database, url, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  const gate = await startDatabaseGate(t, url, { isOpen: false })
  const service = await startConsumer(t, nats, { DATABASE_URL: gate.url })
  const held = service.nextLine(({ msg }) => msg === HELD)
  await nats.publish(Array.from({ length: 100 }, (_, index) => JSON.stringify({ Records: [created(mint(`${index}.txt`), 1)] })))
  await held
  t.equal(await nats.countUnacknowledged(), 100)
  t.match(await readinessOf(service), { parts: { database: 'down', eventQueues: 'up' } })
  gate.open()
  await untilEmpty(nats)
  const { rows: [row] } = await sql<{ total: bigint }>`select sum(size_bytes)::bigint as total from objects`.execute(database)
  t.equal(Number(row?.total), 100)
})

t.test('a queue that cannot be reached does not keep the service from starting, and a command does not ask for it', async (t) => {
  const service = await startService(t, { EVENTS_AMQP_URL: `amqp://service:secret-word@127.0.0.1:${await freePort()}`, EVENTS_AMQP_QUEUE: 'objects' })
  const away = service.nextLine(({ msg }) => msg === AWAY)
  t.notOk(service.log.some((line) => line.includes(AWAY)), 'nothing is tried before it listens')
  await listen(service)
  t.equal((await away).err?.code, 'ECONNREFUSED')
  t.equal((await readinessOf(service)).status, 'degraded')
  t.notOk(service.log.some((line) => line.includes('secret-word')))
})

t.test('without a queue nothing says that there could be one', async (t) => {
  const service = await startService(t)
  t.notOk('eventQueues' in (await readinessOf(service)).parts)
  t.notMatch(await metricsOf(service), 'event_queue_')
})

t.test('settings of queues that do not fit are refused, without their values', async (t) => {
  const refuse = (environment: Record<string, string>, message: RegExp) => {
    t.throws(() => loadConfig(environment), { message })
  }
  refuse({ EVENTS_AMQP_URL: 'amqp://user:pass@host' }, /^EVENTS_AMQP_QUEUE is missing/)
  refuse({ EVENTS_NATS_URL: 'nats://host', EVENTS_NATS_STREAM: 'A' }, /^EVENTS_NATS_CONSUMER is missing/)
  refuse({ EVENTS_AMQP_QUEUE: 'objects' }, /^EVENTS_AMQP_URL is missing/)
  refuse({ EVENTS_AMQP_URL: 'amqp://user:p@ss:w@rd@host:port', EVENTS_AMQP_QUEUE: 'a' }, /^EVENTS_AMQP_URL must be a URL: [^@]*as %40 for @\.$/)
  refuse({ EVENTS_AMQP_URL: 'amqp://user:100%@host', EVENTS_AMQP_QUEUE: 'a' }, /^EVENTS_AMQP_URL must be a URL/)
  refuse({ EVENTS_SQS_URL: 'sqs.eu-central-1.amazonaws.com/1/a' }, /^EVENTS_SQS_URL must be an address/)
  refuse({ EVENTS_NATS_URL: 'http://host' }, /^EVENTS_NATS_URL must be an address of a NATS server/)
})
