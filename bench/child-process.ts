import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A server in a process of its own. */
export interface ServerProcess {
  origin: string
  pid: number
  stop: () => Promise<void>
}

/** The arguments that run a program of this folder, which is not built. */
export function benchProgram (name: string): string[] {
  return ['--import', '@tapjs/typescript/import', join(import.meta.dirname, `${name}.ts`)]
}

/**
 * Starts a Node.js program that says where it listens, as Fastify's log does.
 *
 * @param program its path and arguments
 * @throws when it ends without having listened
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
    // The rest of the log must go somewhere, or the server would wait for a reader.
    stdout.resume()
    return origin
  }
  throw new Error('The server did not start.')
}
