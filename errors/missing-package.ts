import { errorCode } from './error-code.js'

/** A package that only some settings need is not installed; the message names both. */
export class MissingPackageError extends Error {
  override name = 'MissingPackageError'
}

/**
 * Loads an optional package, which need not be installed.
 *
 * @param load imports it
 * @param wish what needs it, as the beginning of a sentence that names the setting
 * @throws {MissingPackageError}
 */
export async function importOptional<Module> (packageName: string, wish: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load()
  } catch (error) {
    if (errorCode(error) !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new MissingPackageError(`${wish} needs the package ${packageName}: npm install ${packageName}`, { cause: error })
  }
}
