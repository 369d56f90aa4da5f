import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Account, give, giveFolder } from './account.js'
import { DiskFullError, EmbeddedDatabaseError } from './failure.js'
import { dataPath, runProgram } from './run-program.js'

/** A database cluster: what initdb makes, and one server serves. */
export interface Cluster {
  /** The folder of its data. */
  directory: string
  /** Where PostgreSQL's programs are: the folder with `bin`, `lib` and `share`. */
  programs: string
  /** The account that they run as; undefined for the user of this process. */
  account: Account | undefined
}

/** The role that owns everything in a cluster. */
export const SUPERUSER = 'postgres'
const WAL_SEGMENT_MEBIBYTES = 4

/**
 * Creates the data of a cluster, with a password of its own: all of it, or none if this process is killed meanwhile.
 * `syncCluster` writes it to the disk, which takes longer than the rest.
 *
 * @throws {DiskFullError}
 * @throws {EmbeddedDatabaseError}
 */
export async function createCluster (cluster: Cluster): Promise<void> {
  const { directory, account } = cluster
  const draft = `${directory}-draft`
  const passwordFile = `${directory}-password`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { recursive: true, mode: 0o700 })
  await writeFile(passwordFile, randomBytes(32).toString('base64url'), { mode: 0o600 })
  if (account !== undefined) for (const path of [draft, passwordFile]) await give(path, account)
  await initialise({ ...cluster, directory: draft }, passwordFile)
  await rename(passwordFile, passwordPath(draft))
  await rm(directory, { recursive: true, force: true })
  await rename(draft, directory)
}

async function initialise (cluster: Cluster, passwordFile: string): Promise<void> {
  // The account may not find the file by its path, but may read it.
  const password = await open(passwordFile)
  try {
    const { exitCode, errors } = await runProgram(cluster, 'initdb', [
      '-D', dataPath(cluster), `--username=${SUPERUSER}`, '--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8',
      '--auth=scram-sha-256', `--pwfile=${process.platform === 'win32' ? passwordFile : '/dev/stdin'}`,
      `--wal-segsize=${WAL_SEGMENT_MEBIBYTES}`, '--no-instructions', '--no-sync',
    ], { input: password.fd })
    if (exitCode === 0) return
    if (errors.includes('No space left on device')) throw new DiskFullError()
    throw new EmbeddedDatabaseError(`initdb failed, which says: ${errors.trim().split('\n')[0] ?? ''}`)
  } finally {
    await password.close()
  }
}

/** Writes all of a cluster's data to the disk, or ends early if it is aborted. */
export async function syncCluster (cluster: Cluster, signal: AbortSignal): Promise<void> {
  await runProgram(cluster, 'initdb', ['-D', dataPath(cluster), '--sync-only'], { signal })
}

/** Lets the account of a cluster, and nobody else, use its folder, as PostgreSQL demands. */
export async function ownCluster ({ directory, account }: Cluster): Promise<void> {
  if (account !== undefined) await giveFolder(directory, account)
  await chmod(directory, 0o700)
}

/** The password of a cluster's superuser. */
export async function readPassword (directory: string): Promise<string> {
  return await readFile(passwordPath(directory), 'utf8')
}

function passwordPath (directory: string): string {
  return join(directory, 'superuser-password')
}
