import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { errorCode } from '../../errors/error-code.js'
import type { Cluster } from './cluster.js'
import { EmbeddedDatabaseError } from './failure.js'

/**
 * The path of a cluster's data that its programs are given. On Linux, programs that run as another account are given their
 * working directory: they can use it even if they may not enter the folders above it, such as root's home directory.
 */
export function dataPath ({ directory, account }: Cluster): string {
  return account !== undefined && process.platform === 'linux' ? '/proc/self/cwd' : directory
}

/**
 * Starts one of PostgreSQL's programs as a cluster's account, in the folder of its data. It gets none of this process's
 * environment, which may contain secrets, and no signal that a terminal sends.
 *
 * @throws {EmbeddedDatabaseError} if it cannot be run here
 */
export async function startProgram (
  { directory, programs, account }: Cluster, name: 'initdb' | 'pg_ctl' | 'postgres', parameters: readonly string[],
  stdio: StdioOptions,
): Promise<ChildProcess> {
  const program = join(programs, 'bin', name)
  const environment = { LC_ALL: 'C', TZ: 'UTC' }
  try {
    const child = spawn(program, parameters, { ...account, cwd: directory, env: environment, detached: true, stdio })
    await once(child, 'spawn')
    return child
  } catch (error) {
    throw new EmbeddedDatabaseError(explain(errorCode(error), program, account !== undefined))
  }
}

/**
 * Runs one of PostgreSQL's programs to its end, or until it is killed.
 *
 * @param options.input the number of the file that it reads
 * @param options.signal kills it
 * @returns also what it wrote about errors
 * @throws {EmbeddedDatabaseError} if it cannot be run here
 */
export async function runProgram (
  cluster: Cluster, name: 'initdb' | 'pg_ctl', parameters: readonly string[],
  { input = 'ignore', signal }: { input?: number | 'ignore', signal?: AbortSignal } = {},
): Promise<{ exitCode: number | null, errors: string }> {
  const child = await startProgram(cluster, name, parameters, [input, 'ignore', 'pipe'])
  const ended = once(child, 'close')
  const kill = () => { child.kill('SIGKILL') }
  signal?.addEventListener('abort', kill, { once: true })
  if (signal?.aborted === true) kill()
  const errors = child.stderr === null ? '' : await text(child.stderr)
  await ended
  return { exitCode: child.exitCode, errors }
}

function explain (code: string, program: string, isOtherAccount: boolean): string {
  // Then the missing file is the loader that the program names.
  if (code === 'ENOENT' && existsSync(program)) {
    return 'PostgreSQL\'s programs need the GNU C library, which this system does not have, as Alpine Linux does not'
  }
  if (isOtherAccount) {
    return `PostgreSQL refuses to run as root, and its programs could not be run as another user (${code}): ` +
      'run the service as a user who may write DATA_DIR'
  }
  return `${program} cannot be run (${code})`
}
