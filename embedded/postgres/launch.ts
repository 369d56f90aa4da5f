import type { ChildProcess } from 'node:child_process'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Cluster } from './cluster.js'
import { recordServer } from './leftover.js'
import { dataPath, runProgram, startProgram } from './run-program.js'
import { type ServerSettings, supervisedSettings } from './settings.js'
import { stopWithThisProcess } from './watcher.js'

/** A server that accepts connections, or did. */
export interface RunningServer {
  /** Resolves with what the server last said, once it has ended. */
  ended: Promise<string>
  /** Interrupts what it is doing and ends it; see `ended`. */
  stop: () => Promise<void>
}

/** The server ended before it accepted connections. The message is what it last said, which names no data. */
export class LaunchError extends Error {
  override name = 'LaunchError'
}

const READY = 'database system is ready to accept connections'

/**
 * Starts a server for a cluster, and waits until it accepts connections. It does not keep this process from ending, and ends
 * with it.
 *
 * @throws {LaunchError}
 * @throws {EmbeddedDatabaseError}
 */
export async function launch (cluster: Cluster, settings: ServerSettings): Promise<RunningServer> {
  const parameters = Object.entries({ ...settings, ...supervisedSettings }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = await startProgram(cluster, 'postgres', ['-D', dataPath(cluster), ...parameters], ['ignore', 'ignore', 'pipe'])
  const endWatch = stopWithThisProcess(child, cluster.account)
  if (child.pid !== undefined) recordServer(cluster.directory, child.pid)
  let isReady = false
  const words = new LastWords()
  const ended = new Promise<string>((resolve) => {
    // By then, everything that it wrote has been read.
    child.once('close', () => {
      endWatch()
      resolve(words.cause)
    })
  })
  await new Promise<void>((resolve, reject) => {
    if (child.stderr !== null) {
      createInterface({ input: child.stderr }).on('line', (line) => {
        words.add(line)
        if (!line.includes(READY)) return
        isReady = true
        resolve()
      })
    }
    ended.then((cause) => { if (!isReady) reject(new LaunchError(cause)) }, reject)
  })
  holdProcess(child, false)
  return {
    ended,
    stop: async () => {
      holdProcess(child, true)
      if (process.platform === 'win32') await runProgram(cluster, 'pg_ctl', ['stop', '-D', dataPath(cluster), '-m', 'fast'])
      else child.kill('SIGINT')
      await ended
    },
  }
}

/** What a server's log says about why it ended. */
class LastWords {
  #panic: string | undefined
  #failure: string | undefined
  #line = ''

  add (line: string): void {
    this.#line = line
    this.#panic ??= /^PANIC: +(.*)/.exec(line)?.[1]
    this.#failure = /^(?:FATAL: +(.*)|LOG: +(.* was terminated by .*))/.exec(line)?.slice(1).join('') ?? this.#failure
  }

  get cause (): string {
    return this.#panic ?? this.#failure ?? this.#line
  }
}

/** Says whether this process waits for a child before it ends. */
function holdProcess (child: ChildProcess, isHeld: boolean): void {
  for (const handle of [child, child.stderr]) {
    if (handle !== child && !(handle instanceof Socket)) continue
    if (isHeld) handle.ref()
    else handle.unref()
  }
}
