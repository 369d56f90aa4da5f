import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorCode } from '../errors/error-code.js'

/** Another process uses the data directory, which only one can. */
export class DataDirectoryInUseError extends Error {
  override name = 'DataDirectoryInUseError'

  constructor (directory: string, processId: number) {
    super(`The data directory ${directory} is in use by process ${processId}: the embedded database and object storage belong ` +
      'to one process at a time. Stop the other process, or, for a reconcile, ask the running service: POST /api/v1/objects/reconcile.')
  }
}

/**
 * Claims a data directory for this process, making it if need be. A process that is gone has no claim, however it
 * ended.
 *
 * @returns gives it up again
 * @throws {DataDirectoryInUseError}
 */
export function claimDataDirectory (directory: string): () => void {
  mkdirSync(directory, { recursive: true })
  const path = join(directory, 'process-id')
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' })
      return () => { rmSync(path, { force: true }) }
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error
    }
    const owner = readProcessId(path)
    // In a container every start of a service may have the same process id.
    if (owner !== undefined && owner !== process.pid && isRunning(owner)) throw new DataDirectoryInUseError(directory, owner)
    rmSync(path, { force: true })
  }
}

function readProcessId (path: string): number | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function isRunning (processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch (error) {
    // A process of somebody else's may not be signalled, but is there.
    return errorCode(error) === 'EPERM'
  }
}
