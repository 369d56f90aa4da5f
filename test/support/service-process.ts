import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import type { Commands } from './command-process.js'

/** The service in its own process. */
export interface ServiceProcess {
  child: ChildProcess
  origin: string
  /** Resolves with its exit code, or the signal that ended it. */
  exited: Promise<number | string | null>
  /** Resolves once a line of the log contains the text. */
  logged: (text: string) => Promise<void>
}

/** Starts the service with only the given environment, and resolves once it listens. It is killed with the test. */
export async function startServiceProcess (
  t: Pick<Test, 'teardown'>, { start }: Commands, environment: Record<string, string>,
): Promise<ServiceProcess> {
  const { child, ended } = start('../server', [], { PORT: '0', ...environment })
  if (child.stdout === null) throw new Error('The service has no output.')
  const exited = ended.then(({ exitCode, signal }) => exitCode ?? signal)
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const lines: string[] = []
  const waiting = new Set<() => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    for (const look of waiting) look()
  })
  const logged = (text: string) => new Promise<void>((resolve) => {
    const look = () => {
      if (!lines.some((line) => line.includes(text))) return
      waiting.delete(look)
      resolve()
    }
    waiting.add(look)
    look()
  })
  const endedEarly = ended.then(({ errors }) => { throw new Error(`The service ended: ${errors}`) })
  await Promise.race([logged('listening at'), endedEarly])
  endedEarly.catch(() => {})
  const origin = lines.map((line) => /listening at (http:\/\/[^"\s]+)/i.exec(line)?.[1]).find((found) => found !== undefined)
  return { child, origin: origin ?? '', exited, logged }
}
