import { createRequire } from 'node:module'
import { join, dirname } from 'node:path'
import { errorCode } from '../errors/error-code.js'

/** The file of settings exists but cannot be read; the message says why, in one line. */
export class EnvironmentFileError extends Error {
  override name = 'EnvironmentFileError'
}

/**
 * Adds the variables of the file `.env` beside the code to those of this process. Variables that are already set stay, even if
 * they are empty.
 *
 * @throws {EnvironmentFileError}
 */
export function loadEnvironmentFile (): void {
  // Beside package.json, wherever the code was built to.
  const path = join(dirname(createRequire(import.meta.url).resolve('#package.json')), '.env')
  try {
    process.loadEnvFile(path)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return
    throw new EnvironmentFileError(`The file ${path} cannot be read (${errorCode(error)}).`, { cause: error })
  }
}
