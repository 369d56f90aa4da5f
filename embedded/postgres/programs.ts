import { execFile } from 'node:child_process'
import { chmod, cp, lstat, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { promisify } from 'node:util'
import { errorCode } from '../../errors/error-code.js'
import type { Account } from './account.js'
import { EmbeddedDatabaseError } from './failure.js'
import { linkLibraries } from './library-links.js'
import { type ProgramsPackage, findPackage } from './package.js'

const run = promisify(execFile)

/**
 * Prepares PostgreSQL's programs, so that an account can run them: in their package, or in a copy of it where that is not
 * possible. The copy is kept in the folder for temporary files, since this user's own folders may be closed to the account.
 *
 * @param account undefined for the user of this process
 * @param source the package
 * @returns the folder with `bin`, `lib` and `share`
 * @throws {EmbeddedDatabaseError}
 * @throws {MissingPackageError}
 */
export async function preparePrograms (account: Account | undefined, source: ProgramsPackage = findPackage()): Promise<string> {
  const areLinked = linkLibraries(source.folder)
  if (areLinked && (account === undefined || await canRun(source.folder, account))) return source.folder
  const copy = await copyPrograms(source)
  if (account !== undefined && !await canRun(copy, account)) {
    throw new EmbeddedDatabaseError('PostgreSQL refuses to run as root, and another user cannot run its programs, ' +
      `neither in ${source.folder} nor in ${tmpdir()}`)
  }
  return copy
}

/** Whether an account can run the programs. It is tried, since more than the folders' modes decides. */
async function canRun (folder: string, { uid, gid }: Account): Promise<boolean> {
  try {
    await run(join(folder, 'bin/postgres'), ['--version'], { uid, gid, cwd: '/', env: {} })
    return true
  } catch (error) {
    // Any other failure is explained where the programs are needed.
    return errorCode(error) !== 'EACCES'
  }
}

async function copyPrograms ({ folder, version }: ProgramsPackage): Promise<string> {
  const target = join(tmpdir(), `objects-storage-postgresql-${version}-${process.geteuid?.() ?? 'user'}`)
  if (await isCopy(target, folder)) return target
  const draft = await mkdtemp(`${target}-`)
  await cp(folder, draft, { recursive: true, verbatimSymlinks: true, filter: isNeeded })
  linkLibraries(draft)
  await chmod(draft, 0o755)
  try {
    await rename(draft, target)
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(error))) throw error
    // Another process was faster, or there is a copy that must not be used.
    if (await isCopy(target, folder)) {
      await rm(draft, { recursive: true })
    } else {
      await rm(target, { recursive: true })
      await rename(draft, target)
    }
  }
  return target
}

/** Whether there is a copy that only this user can have made, and that is whole: old temporary files may have been removed. */
async function isCopy (target: string, folder: string): Promise<boolean> {
  const found = await lstat(target).catch(() => undefined)
  if (found === undefined || !found.isDirectory()) return false
  if ((found.mode & 0o022) !== 0 || found.uid !== (process.geteuid?.() ?? found.uid)) return false
  const names = new Set(await readdir(target, { recursive: true }))
  return (await readdir(folder, { recursive: true })).every((name) => names.has(name) || !isNeeded(name))
}

/** Static libraries, and other files that only serve to build programs, take 2 MB. */
function isNeeded (path: string): boolean {
  return !path.endsWith('.a') && !path.split(sep).includes('pkgconfig')
}
