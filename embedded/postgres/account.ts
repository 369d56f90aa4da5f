import { lchown, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errorCode } from '../../errors/error-code.js'
import { EmbeddedDatabaseError } from './failure.js'

/** The account that PostgreSQL runs as: the numbers of its user and group. */
export interface Account {
  uid: number
  gid: number
}

/** The user without rights; its number needs no entry in any file. */
const nobody: Account = { uid: 65_534, gid: 65_534 }

/**
 * The account for PostgreSQL, which refuses to run as root: the owner of its data, or `nobody` if root owns it. undefined if
 * this process does not run as root: PostgreSQL then runs as the same user.
 *
 * @param directory where the data is, or will be
 */
export async function accountFor (directory: string): Promise<Account | undefined> {
  if (process.geteuid?.() !== 0) return undefined
  const { uid, gid } = await ownerOf(directory) ?? await ownerOf(dirname(directory)) ?? nobody
  return uid === 0 ? nobody : { uid, gid }
}

/**
 * Gives a folder, and all that is in it, to an account, unless the account has it already.
 *
 * @throws {EmbeddedDatabaseError}
 */
export async function giveFolder (directory: string, account: Account): Promise<void> {
  if ((await stat(directory)).uid === account.uid) return
  for (const name of await readdir(directory, { recursive: true })) await give(join(directory, name), account)
  await give(directory, account)
}

/**
 * Gives a file, or a folder without what is in it, to an account.
 *
 * @throws {EmbeddedDatabaseError}
 */
export async function give (path: string, { uid, gid }: Account): Promise<void> {
  try {
    await lchown(path, uid, gid)
  } catch (error) {
    // Root may lack some of its rights, as in some containers.
    throw new EmbeddedDatabaseError(
      `PostgreSQL refuses to run as root, and its data could not be given to another user (${errorCode(error)}): ` +
        'run the service as a user who may write DATA_DIR')
  }
}

async function ownerOf (path: string): Promise<Account | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}
