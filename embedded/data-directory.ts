import { accessSync, constants, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorCode } from '../errors/error-code.js'
import { identify, isSameProcess, readProcessIdentity, writeProcessIdentity } from './process-identity.js'

/** Another process is using the data directory; only one can. */
export class DataDirectoryInUseError extends Error {
  override name = 'DataDirectoryInUseError'

  constructor (directory: string, processId: number) {
    super(`DATA_DIR: the data directory ${directory} is in use by process ${processId}: the embedded database and object storage ` +
      'belong to one process at a time. Stop the other process, or, for a reconcile, ask the running service: ' +
      'POST /api/v1/objects/reconcile.')
  }
}

/** The data directory cannot be used; the message says why, in one line. */
export class DataDirectoryUnusableError extends Error {
  override name = 'DataDirectoryUnusableError'

  constructor (why: string, options?: ErrorOptions) {
    super(`DATA_DIR: ${why}`, options)
  }
}

/** What this and other modules keep in a data directory. */
const PARTS = ['database', 'objects', 'secrets.json', 'demo-organisation.json']

/**
 * Claims a data directory for this process, creating it if need be. A process that no longer runs has no claim, however it
 * ended, even if another process has its id now.
 *
 * @returns a function that gives up the claim
 * @throws {DataDirectoryInUseError}
 * @throws {DataDirectoryUnusableError}
 */
export function claimDataDirectory (directory: string): () => void {
  try {
    mkdirSync(directory, { recursive: true })
    const release = claim(directory)
    requireUsableParts(directory)
    return release
  } catch (error) {
    throw error instanceof Error && errorCode(error) !== '' ? new DataDirectoryUnusableError(explain(error, directory), { cause: error }) : error
  }
}

function claim (directory: string): () => void {
  const path = join(directory, 'process-id')
  for (;;) {
    try {
      writeProcessIdentity(path, identify(process.pid), 'wx')
      return () => { for (const file of [addressPath(directory), path]) rmSync(file, { force: true }) }
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error
    }
    const owner = readProcessIdentity(path)
    // In a container, the service may have the same process id at every start.
    if (owner !== undefined && owner.processId !== process.pid && isSameProcess(owner)) {
      throw new DataDirectoryInUseError(directory, owner.processId)
    }
    rmSync(path, { force: true })
  }
}

/** Checked before anything is opened: the parts' own errors about files that they may not write are hard to understand. */
function requireUsableParts (directory: string): void {
  for (const path of PARTS.map((name) => join(directory, name)).filter((part) => existsSync(part))) {
    accessSync(path, constants.R_OK | constants.W_OK | (statSync(path).isDirectory() ? constants.X_OK : 0))
  }
  const database = join(directory, 'database')
  if (existsSync(database) && readdirSync(database).length > 0 && !existsSync(join(database, 'PG_VERSION'))) {
    throw new DataDirectoryUnusableError(`the folder ${database} holds something else than a database.`)
  }
}

function addressPath (directory: string): string {
  return join(directory, 'address')
}

function explain (error: Error, directory: string): string {
  const path = 'path' in error && typeof error.path === 'string' ? error.path : directory
  switch (errorCode(error)) {
    case 'EACCES':
    case 'EPERM': return `this user may not write ${path}: choose another folder, or give that to this user.`
    case 'EROFS': return `${path} is on a file system that cannot be written: choose another folder.`
    case 'EEXIST':
    case 'ENOTDIR': return `${path} is not a folder: choose another one.`
    case 'ENOSPC': return `there is no room for ${path}.`
    default: return `${path} cannot be used (${errorCode(error)}).`
  }
}

/** Lets other programs on this machine know where the service listens, until the claim is given up. */
export function publishAddress (directory: string, origin: string): void {
  writeFileSync(addressPath(directory), origin)
}

/** Where the service of a data directory listens; undefined if none does, or if one was killed before any did. */
export function readAddress (directory: string): string | undefined {
  try {
    const origin = readFileSync(addressPath(directory), 'utf8')
    return URL.canParse(origin) ? origin : undefined
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errorCode(error))) return undefined
    throw error
  }
}
