import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { untilAnswered } from './answer.js'
import { freePort } from './free-port.js'

/** A versitygw over its own folder, on the loopback address. */
export interface Versitygw {
  endpoint: string
  accessKey: string
  secretKey: string
  /**
   * Ends it and starts it again at the same address, with the files that it has.
   *
   * @param webhookUrl where it sends its notifications; before it starts, it sends a test message there, which must be answered
   */
  restart: (webhookUrl?: string) => Promise<void>
  /** Ends it and removes what it stored. */
  stop: () => Promise<void>
}

const { TEST_VERSITYGW } = process.env
const START_TIMEOUT_MS = 30_000

export const withoutVersitygw = TEST_VERSITYGW === undefined && 'TEST_VERSITYGW does not name the program'

/**
 * Starts the versitygw that TEST_VERSITYGW names over a temporary folder, whose file system must have extended attributes.
 *
 * @throws if it does not start within half a minute
 */
export async function startVersitygw (): Promise<Versitygw> {
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-versitygw-'))
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  const [accessKey, secretKey] = [randomUUID(), randomUUID()]
  let gateway: ChildProcess | undefined
  const end = async () => {
    if (gateway === undefined || gateway.exitCode !== null || gateway.signalCode !== null) return
    gateway.kill('SIGKILL')
    await once(gateway, 'exit')
  }
  const restart = async (webhookUrl?: string) => {
    await end()
    const webhook = webhookUrl === undefined ? [] : ['--event-webhook-url', webhookUrl]
    gateway = spawn(TEST_VERSITYGW ?? '', ['--port', `127.0.0.1:${port}`, '--quiet', ...webhook, 'posix', directory], {
      env: { ...process.env, ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey }, stdio: 'ignore',
    })
    await untilAnswered(endpoint, 'versitygw', START_TIMEOUT_MS)
  }
  const stop = async () => {
    await end()
    await rm(directory, { recursive: true, force: true })
  }
  try {
    await restart()
    return { endpoint, accessKey, secretKey, restart, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
