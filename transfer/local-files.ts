import { type Dirent } from 'node:fs'
import { lstat, opendir, realpath, stat } from 'node:fs/promises'
import { basename, join, resolve, sep } from 'node:path'
import { errorCode } from '../errors/error-code.js'
import { PATH_MAX_BYTES, isPath } from '../objects/object-key.js'
import { TransferError } from './failures.js'

/** A file or folder to send, as the user named it. */
export interface Source {
  /** Without symbolic links. */
  root: string
  /**
   * Its name in the run: exactly this for a file; a folder's files are below it. Empty if only a folder's contents are sent.
   */
  name: string
  isFolder: boolean
}

/** A file to send, and its path in the run. */
export interface LocalFile {
  /** Without symbolic links. */
  location: string
  path: string
  sizeBytes: number
  /** In milliseconds since 1970. */
  modifiedMs: number
}

/** What was found: a file to send, or something that cannot be sent, and why. */
export type Found =
  { kind: 'file', file: LocalFile } |
  /** Not a regular file: a symbolic link, a device and the like. */
  { kind: 'left-out', path: string, reason: string } |
  /** A file that cannot be sent. */
  { kind: 'problem', path: string, reason: string }

/**
 * Looks up the named files and folders. A folder keeps its name in the run, unless its name ends with a slash, or is `.` or
 * `..`: then only its contents are sent. A symbolic link that is named explicitly is followed.
 *
 * @throws {TransferError}
 */
export async function findSources (paths: readonly string[]): Promise<Source[]> {
  return await Promise.all(paths.map(async (path) => {
    try {
      const root = await realpath(path)
      const stats = await stat(root)
      if (!stats.isDirectory() && !stats.isFile()) throw new TransferError(`${shown(path)} is neither a file nor a folder.`)
      const givesContents = stats.isDirectory() && /(?:^|[/\\])\.{0,2}$/.test(sep === '/' ? path.replaceAll('\\', '_') : path)
      return { root, name: givesContents ? '' : basename(resolve(path)), isFolder: stats.isDirectory() }
    } catch (error) {
      throw error instanceof TransferError ? error : new TransferError(`${shown(path)} cannot be read (${errorCode(error)}).`)
    }
  }))
}

/** Finds every file of the sources, one after the other. Symbolic links in folders are not followed. */
export async function * filesOf (sources: readonly Source[]): AsyncGenerator<Found, undefined> {
  for (const [index, { root, name, isFolder }] of sources.entries()) {
    const earlier = sources.slice(0, index)
    for await (const found of isFolder ? inFolder(root, name) : one(root, name)) {
      yield found.kind === 'file' && await isTaken(found.file.path, earlier)
        ? { kind: 'problem', path: found.file.path, reason: 'another file that is named has the same path' }
        : found
    }
  }
}

async function * inFolder (folder: string, path: string): AsyncGenerator<Found, undefined> {
  try {
    for await (const entry of await opendir(folder)) yield * ofEntry(folder, path, entry)
  } catch (error) {
    if (errorCode(error) === '') throw error
    yield { kind: 'problem', path: `${path}/`, reason: `the folder cannot be read (${errorCode(error)})` }
  }
}

async function * ofEntry (folder: string, pathOfFolder: string, entry: Dirent): AsyncGenerator<Found, undefined> {
  const { name } = entry
  const path = pathOfFolder === '' ? name : `${pathOfFolder}/${name}`
  const location = join(folder, name)
  // Names are bytes, and Node.js replaces those that are not UTF-8 with this character.
  if (name.includes('\uFFFD')) {
    yield { kind: 'problem', path, reason: 'the name is not UTF-8' }
  } else if (entry.isDirectory()) {
    yield * inFolder(location, path)
  } else if (entry.isFile()) {
    yield * one(location, path)
  } else {
    yield { kind: 'left-out', path, reason: entry.isSymbolicLink() ? 'a symbolic link' : 'not a file' }
  }
}

async function * one (location: string, path: string): AsyncGenerator<Found, undefined> {
  const reason = nameProblem(path)
  if (reason !== undefined) {
    yield { kind: 'problem', path, reason }
    return
  }
  try {
    const { size, mtimeMs } = await lstat(location)
    yield { kind: 'file', file: { location, path, sizeBytes: size, modifiedMs: mtimeMs } }
  } catch (error) {
    yield { kind: 'problem', path, reason: `it cannot be read (${errorCode(error)})` }
  }
}

/** Why a file of a run cannot have such a path; undefined if it can. */
function nameProblem (path: string): string | undefined {
  if (!isPath(path)) return 'names have 1 to 255 bytes, no control characters, and are not . or ..'
  const bytes = Buffer.byteLength(path)
  return bytes > PATH_MAX_BYTES ? `the path has ${bytes} bytes, and may have ${PATH_MAX_BYTES}` : undefined
}

/**
 * Whether one of the sources has a file with that path. Looks on the disk, since a list of all paths might not fit in memory.
 */
async function isTaken (path: string, sources: readonly Source[]): Promise<boolean> {
  for (const { root, name, isFolder } of sources) {
    if (!isFolder && name === path) return true
    if (!isFolder || !(name === '' || path.startsWith(`${name}/`))) continue
    const stats = await lstat(join(root, name === '' ? path : path.slice(name.length + 1))).catch(() => undefined)
    if (stats?.isFile() === true) return true
  }
  return false
}

/** A name in a form that is safe to print on a terminal. */
export function shown (name: string): string {
  return name.replace(/[\p{Cc}\p{Surrogate}\p{Bidi_Control}]/gu, '\uFFFD')
}
