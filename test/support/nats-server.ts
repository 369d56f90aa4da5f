import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import type { Test } from 'tap'
import { freePort } from './free-port.js'
import { startServerProcess } from './server-process.js'
import type { TestBroker } from './test-broker.js'

/** Why there is no NATS server to test with; false if there is one. */
export const natsSkip = spawnSync('nats-server', ['--version']).error === undefined ? false as const : 'nats-server is not installed'

const STREAM = 'OBJECTS'
const CONSUMER = 'objects-storage'
const SUBJECT = 'objects.events'
/** How long the server waits for an acknowledgement: after this, messages that a killed service held are delivered again. */
const ACK_WAIT_MS = 2_000
/** Messages that are published before their acknowledgements are awaited. */
const PUBLISHED_AT_ONCE = 500

export interface TestNats extends TestBroker {
  /** Replaces the password that clients need, in the running server: connections with the old one are closed. */
  changePassword: (password: string) => Promise<void>
  urlWith: (password: string) => string
}

/** Starts a NATS server for one test, with a stream in files and a durable consumer. It ends with the test. */
export async function startNats (t: Pick<Test, 'teardown'>): Promise<TestNats> {
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-nats-'))
  const port = await freePort()
  const configuration = join(directory, 'nats.conf')
  let password = 'first'
  const writeConfiguration = () => writeFile(configuration, `
host: 127.0.0.1
port: ${port}
jetstream { store_dir: "${directory}" }
authorization { users: [ { user: service, password: "${password}" } ] }
`)
  await writeConfiguration()
  const start = () => startServerProcess(['nats-server', '-c', configuration], 'Server is ready')
  let server = await start()
  t.teardown(async () => {
    await server.kill()
    await rm(directory, { recursive: true, force: true })
  })
  const open = () => connect({ servers: `127.0.0.1:${port}`, user: 'service', pass: password })
  const connection = await open()
  const manager = await jetstreamManager(connection)
  await manager.streams.add({ name: STREAM, subjects: [SUBJECT] })
  await manager.consumers.add(STREAM, {
    durable_name: CONSUMER, ack_policy: 'explicit', ack_wait: ACK_WAIT_MS * 1e6, max_ack_pending: 20_000,
  })
  await connection.close()
  const urlWith = (other: string) => `nats://service:${other}@127.0.0.1:${port}`
  return {
    channel: 'nats',
    environment: { EVENTS_NATS_URL: urlWith(password), EVENTS_NATS_STREAM: STREAM, EVENTS_NATS_CONSUMER: CONSUMER },
    publish: async (bodies) => {
      const connection = await open()
      const stream = jetstream(connection)
      for (let from = 0; from < bodies.length; from += PUBLISHED_AT_ONCE) {
        await Promise.all(bodies.slice(from, from + PUBLISHED_AT_ONCE).map((body) => stream.publish(SUBJECT, body)))
      }
      await connection.close()
    },
    countUnacknowledged: async () => {
      const connection = await open()
      const manager = await jetstreamManager(connection)
      const { num_pending: waitingCount, num_ack_pending: givenCount } = await manager.consumers.info(STREAM, CONSUMER)
      await connection.close()
      return waitingCount + givenCount
    },
    stop: () => server.kill(),
    restart: async () => {
      await server.kill()
      server = await start()
    },
    changePassword: async (other) => {
      password = other
      await writeConfiguration()
      server.child.kill('SIGHUP')
    },
    urlWith,
  }
}
