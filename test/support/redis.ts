import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { freePort } from './free-port.js'

/** Why Redis cannot be used for tests here; false if it can. */
export const redisSkip = spawnSync('redis-server', ['--version']).error === undefined ? false as const : 'redis-server is not installed'

export interface TestRedis {
  url: string
  freeze: () => void
  thaw: () => void
  stop: () => Promise<void>
  /** Starts it again at the same address, empty. */
  restart: () => Promise<void>
}

/** Starts a Redis for one test, which keeps nothing on disk, and ends it with the test. */
export async function startRedis (t: Pick<Test, 'teardown'>): Promise<TestRedis> {
  const port = await freePort()
  let server = await start(port)
  const stop = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return
    server.kill('SIGKILL')
    await once(server, 'exit')
  }
  t.teardown(stop)
  return {
    url: `redis://127.0.0.1:${port}`,
    freeze: () => { server.kill('SIGSTOP') },
    thaw: () => { server.kill('SIGCONT') },
    stop,
    restart: async () => { server = await start(port) },
  }
}

async function start (port: number): Promise<ChildProcess> {
  const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface(server.stdout)) {
    if (line.includes('Ready to accept connections')) return server
  }
  throw new Error('redis-server did not start.')
}
