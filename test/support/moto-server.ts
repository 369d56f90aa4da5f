import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { freePort } from './free-port.js'
import { startServerProcess } from './server-process.js'
import { makeFolder } from './test-store.js'

const run = promisify(execFile)
const MOTO = 'moto[server,sns]==5.2.5'

/** Why no Python package can be installed here; false if one may be. */
export const motoSkip = spawnSync('python3', ['-c', 'import ensurepip, venv']).status === 0 ? false as const : 'python3 with venv is not installed'

/** moto's server, which behaves as Amazon's services do. It keeps nothing when it ends. */
export interface MotoServer {
  origin: string
  kill: () => Promise<void>
}

/**
 * Starts moto's server (PyPI), and ends it with the test.
 *
 * @returns undefined if it cannot be installed, for example without PyPI; `TEST_MOTO_PYTHON` names a Python that has it
 */
export async function startMotoServer (t: Pick<Test, 'teardown'>): Promise<MotoServer | undefined> {
  const python = process.env.TEST_MOTO_PYTHON ?? await install(t)
  if (python === undefined) return undefined
  const port = await freePort()
  const { kill } = await startServerProcess([python, '-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], 'Running on', {
    PYTHONUNBUFFERED: '1',
  })
  t.teardown(kill)
  return { origin: `http://127.0.0.1:${port}`, kill }
}

async function install (t: Pick<Test, 'teardown'>): Promise<string | undefined> {
  const folder = await makeFolder(t)
  const python = join(folder, 'bin', 'python')
  try {
    await run('python3', ['-m', 'venv', folder])
    await run(python, ['-m', 'pip', 'install', '--quiet', '--retries', '1', MOTO])
    return python
  } catch {
    return undefined
  }
}
