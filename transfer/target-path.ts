import { lstat, mkdir, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { errorCode } from '../errors/error-code.js'
import { isPath } from '../objects/object-key.js'
import { TransferError, TransferStoppedError } from './failures.js'
import { shown } from './local-files.js'

// Microsoft, "Naming Files, Paths, and Namespaces": with any extension, these are devices.
const windowsDevice = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i
// A colon would name a drive or a stream, a backslash a folder; a trailing dot or space is dropped.
const windowsForbidden = /[<>:"\\|?*]|[. ]$/

/**
 * The names of the folders and the file in a path that the service sent, checked for this machine. The service itself makes no
 * dangerous paths, but anything may answer at an address.
 *
 * @throws {TransferError} if a name would lead elsewhere
 */
export function localNamesOf (path: string, platform: NodeJS.Platform = process.platform): string[] {
  const names = path.split('/')
  const isLocal = isPath(path) && (platform !== 'win32' || names.every(isStorable))
  if (!isLocal) throw new TransferError('This machine can have no file of such a name.')
  return names
}

/** Whether every common system can have a file with that name; Windows is the strictest. */
export function isStorable (name: string): boolean {
  return !windowsDevice.test(name) && !windowsForbidden.test(name)
}

/**
 * Creates the folders that a file goes into, all of them inside `root`, whatever symbolic links exist.
 *
 * @param root an existing folder, without symbolic links
 * @returns where the file goes
 * @throws {TransferError} if a folder leads out of `root`, or is not a folder
 */
export async function prepareTarget (root: string, names: readonly string[]): Promise<string> {
  let folder = root
  for (const name of names.slice(0, -1)) {
    const next = join(folder, name)
    await mkdir(next).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw new TransferError(`A folder cannot be made (${errorCode(error)}).`)
    })
    folder = await realpath(next).catch(() => next)
    if (!folder.startsWith(root.endsWith(sep) ? root : root + sep)) throw new TransferError('A symbolic link leads out of the folder.')
    if (!(await lstat(folder)).isDirectory()) throw new TransferError('There is a file where a folder of that name should be.')
  }
  return join(folder, names.at(-1) ?? '')
}

/**
 * Creates a folder if it does not exist.
 *
 * @returns where it is, without symbolic links
 * @throws {TransferStoppedError}
 */
export async function openFolder (folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true })
    return await realpath(folder)
  } catch (error) {
    throw new TransferStoppedError(`The folder ${shown(folder)} cannot be made (${errorCode(error)}).`)
  }
}
