import { existsSync, lstatSync, readFileSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { errorCode } from '../../errors/error-code.js'

/**
 * Links the libraries of PostgreSQL's programs to their shorter names. npm packages cannot contain links: a script of theirs
 * creates them when it is installed, but npm does not run it unless it is told to.
 *
 * @param folder the one with `bin`, `lib` and `share`
 * @returns whether all links are there; false if this user may not create them
 */
export function linkLibraries (folder: string): boolean {
  try {
    for (const { source, target } of readLinks(folder)) {
      const path = join(folder, 'lib', basename(target))
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) symlinkSync(basename(source), path)
    }
    return true
  } catch (error) {
    // Another process may have been faster.
    if (errorCode(error) === 'EEXIST') return linkLibraries(folder)
    if (['EACCES', 'EPERM', 'EROFS'].includes(errorCode(error))) return false
    throw error
  }
}

/** The package's own list, of links within `lib`; where none are needed there is no list. */
function readLinks (folder: string): Array<{ source: string, target: string }> {
  const path = join(folder, 'pg-symlinks.json')
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : []
}
