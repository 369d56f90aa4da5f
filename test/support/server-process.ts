import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const START_TIMEOUT_MS = 120_000
const LINES_KEPT = 20

/** A server program in a process group of its own, so that its child processes end with it. */
export interface ServerProcess {
  child: ChildProcess
  /** Ends it and its child processes, as a crash would. */
  kill: () => Promise<void>
}

/**
 * Starts a program, and resolves once a line of its output contains a text.
 *
 * @throws with its last lines if it ends before that, or takes more than two minutes
 */
export async function startServerProcess (
  command: readonly [string, ...string[]], isReady: string, environment: Record<string, string> = {},
): Promise<ServerProcess> {
  const [program, ...options] = command
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(program, options, { env: { PATH, HOME, ...environment }, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const lines: string[] = []
  const exited = once(child, 'exit').catch(() => {})
  const kill = async () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL')
    await exited
  }
  let timer: NodeJS.Timeout | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      for (const output of [child.stdout, child.stderr]) {
        createInterface({ input: output }).on('line', (line) => {
          lines.push(line)
          if (lines.length > LINES_KEPT) lines.shift()
          if (line.includes(isReady)) resolve()
        })
      }
      const fail = (problem: string) => { reject(new Error(`${program} ${problem}:\n${lines.join('\n')}`)) }
      timer = setTimeout(() => { fail('did not start in time') }, START_TIMEOUT_MS)
      exited.finally(() => { fail('ended') })
    })
  } catch (error) {
    await kill()
    throw error
  } finally {
    clearTimeout(timer)
  }
  return { child, kill }
}
