import { readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConfirmChannel, connect } from 'amqplib'
import type { Test } from 'tap'
import { freePort } from './free-port.js'
import { startServerProcess } from './server-process.js'
import type { TestBroker } from './test-broker.js'

const programs = findPrograms()

/** Why there is no RabbitMQ to test with; false if there is one. */
export const rabbitMqSkip = programs === undefined ? 'rabbitmq-server is not installed' : false as const

const QUEUE = 'objects'

export interface TestRabbitMq extends TestBroker {
  /** Where clients connect, without the user. */
  address: string
  /** Binds the queue to an exchange, for any routing key. */
  bindTopic: (exchange: string) => Promise<void>
}

/** The folder of Debian's programs, without the wrapper scripts that change the user. */
function findPrograms (): string | undefined {
  const folder = '/usr/lib/rabbitmq/lib'
  try {
    const [version] = readdirSync(folder).filter((name) => name.startsWith('rabbitmq_server-'))
    return version === undefined ? undefined : join(folder, version, 'sbin')
  } catch {
    return undefined
  }
}

/** Starts a RabbitMQ for one test, with a durable queue. It ends with the test. */
export async function startRabbitMq (t: Pick<Test, 'teardown'>): Promise<TestRabbitMq> {
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-rabbitmq-'))
  const [port, nodesPort, namesPort] = [await freePort(), await freePort(), await freePort()]
  const configuration = join(directory, 'rabbitmq.conf')
  await writeFile(configuration, 'disk_free_limit.absolute = 1MB\nlog.console = true\nlog.console.level = info\nlog.file = false\n')
  const environment = {
    HOME: directory,
    RABBITMQ_NODENAME: `test-${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(nodesPort),
    RABBITMQ_CONFIG_FILE: configuration,
    RABBITMQ_CONF_ENV_FILE: join(directory, 'none'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, 'plugins'),
    RABBITMQ_MNESIA_BASE: join(directory, 'data'),
    RABBITMQ_LOG_BASE: join(directory, 'log'),
    // Otherwise the shared port mapper daemon would outlive it.
    ERL_EPMD_PORT: String(namesPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
  }
  const names = await startServerProcess(['epmd', '-d'], 'epmd', environment)
  const start = () => startServerProcess([join(programs ?? '', 'rabbitmq-server')], 'Server startup complete', environment)
  let server = await start()
  t.teardown(async () => {
    await server.kill()
    await names.kill()
    await rm(directory, { recursive: true, force: true })
  })
  const address = `127.0.0.1:${port}`
  const use = async <Result>(work: (channel: ConfirmChannel) => Promise<Result>) => {
    const connection = await connect(`amqp://guest:guest@${address}`)
    // A request that fails rejects; the connection that it breaks is not used again.
    connection.on('error', () => {})
    try {
      return await work(await connection.createConfirmChannel())
    } finally {
      await connection.close().catch(() => {})
    }
  }
  await use(async (channel) => { await channel.assertQueue(QUEUE, { durable: true }) })
  return {
    channel: 'amqp',
    address,
    environment: { EVENTS_AMQP_URL: `amqp://guest:guest@${address}`, EVENTS_AMQP_QUEUE: QUEUE },
    publish: async (bodies) => {
      await use(async (channel) => {
        for (const body of bodies) channel.sendToQueue(QUEUE, Buffer.from(body), { persistent: true })
        await channel.waitForConfirms()
      })
    },
    // The protocol does not count messages that have been delivered but not acknowledged.
    countUnacknowledged: () => use(async (channel) => (await channel.checkQueue(QUEUE)).messageCount),
    bindTopic: async (exchange) => {
      await use(async (channel) => {
        await channel.assertExchange(exchange, 'topic', { durable: true })
        await channel.bindQueue(QUEUE, exchange, '#')
      })
    },
    stop: () => server.kill(),
    restart: async () => {
      await server.kill()
      server = await start()
    },
  }
}
