import { createRequire } from 'node:module'
import { errorCode } from './error-code.js'

/** A package that only some settings need is not installed; the message names both. */
export class MissingPackageError extends Error {
  override name = 'MissingPackageError'
}

/**
 * Loads an optional package, which need not be installed.
 *
 * @param packageNames one, or several that are needed together, separated by blanks
 * @param wish what needs it, as the beginning of a sentence that names the setting
 * @param load imports it
 * @throws {MissingPackageError}
 */
export async function importOptional<Module> (
  packageNames: string, wish: string, load: () => Promise<Module>,
): Promise<Module> {
  try {
    return await load()
  } catch (error) {
    throw asMissingPackage(error, packageNames, wish)
  }
}

/**
 * Finds an optional package without loading it.
 *
 * @param wish what needs it, as the beginning of a sentence that names the setting
 * @returns the path of its main module
 * @throws {MissingPackageError}
 */
export function findOptional (packageName: string, wish: string): string {
  try {
    return createRequire(import.meta.url).resolve(packageName)
  } catch (error) {
    throw asMissingPackage(error, packageName, wish)
  }
}

function asMissingPackage (error: unknown, packageNames: string, wish: string): unknown {
  if (!['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes(errorCode(error))) return error
  const what = packageNames.includes(' ') ? 'packages that are not installed' : `the package ${packageNames}`
  return new MissingPackageError(`${wish} needs ${what}: npm install ${packageNames}`, { cause: error })
}
