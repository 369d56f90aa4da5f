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
    if (errorCode(error) !== 'ERR_MODULE_NOT_FOUND') throw error
    const what = packageNames.includes(' ') ? 'packages that are not installed' : `the package ${packageNames}`
    throw new MissingPackageError(`${wish} needs ${what}: npm install ${packageNames}`, { cause: error })
  }
}
