import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export interface CommandResult {
  exitCode: number | null
  signal: string | null
  output: string
  errors: string
}

/** Starts one of the service's commands in a process of its own, with these environment variables alone. */
export function startCommand (
  name: string, options: readonly string[], environment: Record<string, string>,
): { child: ChildProcess, ended: Promise<CommandResult> } {
  const path = fileURLToPath(new URL(`../../commands/${name}.ts`, import.meta.url))
  // How the test runner reads TypeScript; nothing that the service is configured by.
  const own = Object.entries(process.env).filter(([variable]) => /^(PATH|HOME|TS_NODE_\w+)$/.test(variable))
  const child = spawn(process.execPath, [...process.execArgv, path, ...options], {
    env: { ...Object.fromEntries(own), ...environment }, stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)])
    .then(([[exitCode, signal], output, errors]) => ({ exitCode, signal, output, errors }))
  return { child, ended }
}

/** Runs one of the service's commands to its end. */
export async function runCommand (
  name: string, options: readonly string[], environment: Record<string, string>,
): Promise<CommandResult> {
  return await startCommand(name, options, environment).ended
}
