import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

/** A server in its own process. */
export interface ServerProcess {
  origin: string
  pid: number
  stop: () => Promise<void>
}

const run = promisify(execFile)

/** A process's resident memory in MiB, as Linux counts it. */
export async function residentMib (pid: number): Promise<number> {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

/** The memory of a process's children, and of theirs, in MiB: what several share counts once. */
export async function childrenMib (pid: number): Promise<number> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter((text) => text !== '').map(Number)
  const sizes = await Promise.all(children.map(async (child) => {
    const shareKib = /^Pss:\s+(\d+) kB$/m.exec(await readFile(`/proc/${child}/smaps_rollup`, 'utf8'))?.[1]
    return Number(shareKib) / 1024 + await childrenMib(child)
  }))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** The arguments that run a program in `programs/`, which is not built. */
export function benchProgram (name: string): string[] {
  return ['--import', join(import.meta.dirname, '..', 'typescript.js'), join(import.meta.dirname, 'programs', `${name}.ts`)]
}

/**
 * Starts a Node.js program that logs where it listens, as Fastify does.
 *
 * @param program its path and arguments
 * @throws if it ends without having listened
 */
export async function startServer (program: string[], environment: Record<string, string>): Promise<ServerProcess> {
  const child = spawn(process.execPath, program, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'inherit'] })
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  return { origin: await listeningOrigin(child), pid: child.pid ?? 0, stop }
}

async function listeningOrigin ({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('The server has no output.')
  for await (const line of createInterface({ input: stdout })) {
    const origin = /listening at (http:\/\/[^"\s]+)/i.exec(line)?.[1]
    if (origin === undefined) continue
    // The rest of the log must be read, or the server would block on a full pipe.
    stdout.resume()
    return origin
  }
  throw new Error('The server did not start.')
}

/**
 * Runs a program in `programs/` to its end.
 *
 * @param input becomes its standard input
 * @returns the numbers on the last line that it prints
 */
export async function runProgram (
  name: string, programArguments: string[], options: { input?: string, environment?: Record<string, string> } = {},
): Promise<number[]> {
  const child = spawn(process.execPath, [...benchProgram(name), ...programArguments], {
    env: { ...process.env, ...options.environment }, stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.end(options.input ?? '')
  let output = ''
  for await (const chunk of child.stdout) output += String(chunk)
  return output.trim().split('\n').at(-1)?.split(' ').map(Number) ?? []
}

/** Requests one URL for some seconds with autocannon, over keep-alive connections. */
export async function load (
  url: string,
  options: { connections: number, seconds: number, headers?: Record<string, string>, status: number },
): Promise<{ perSecond: number, p99Ms: number }> {
  const { connections, seconds, headers = {}, status } = options
  const { stdout } = await run('node', [
    'node_modules/autocannon/autocannon.js', '--json', '-c', String(connections), '-d', String(seconds),
    ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}=${value}`]), url,
  ])
  const { requests, errors, latency, statusCodeStats } = JSON.parse(stdout)
  const others = Object.keys(statusCodeStats).filter((code) => code !== String(status))
  if (requests.total === 0) throw new Error('No request was answered.')
  if (errors > 0 || others.length > 0) throw new Error(`${errors} errors, and answers with ${others.join(', ')}.`)
  return { perSecond: requests.average, p99Ms: latency.p99 }
}
