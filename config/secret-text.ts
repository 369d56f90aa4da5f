import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

/** A file holds no secret; the message names the file and says why. */
export class SecretFileError extends Error {
  override name = 'SecretFileError'
}

/**
 * Reads a secret synchronously, for the start, before any request could be held up.
 *
 * @returns the file's content without line breaks at its end
 * @throws {SecretFileError} if the file cannot be read or is empty
 */
export function readSecretNow (path: string): string {
  try {
    return secretIn(readFileSync(path, 'utf8'), path)
  } catch (error) {
    throw asSecretFileError(error, path)
  }
}

/** Like `readSecretNow`, while requests are answered. */
export async function readSecret (path: string): Promise<string> {
  try {
    return secretIn(await readFile(path, 'utf8'), path)
  } catch (error) {
    throw asSecretFileError(error, path)
  }
}

/** Editors and `echo` end a file with a line break, which is not part of the secret. */
function secretIn (content: string, path: string): string {
  const secret = content.replace(/[\r\n]+$/, '')
  if (secret === '') throw new SecretFileError(`the file ${path} is empty`)
  return secret
}

function asSecretFileError (error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  return new SecretFileError(`the file ${path} cannot be read (${String(error.code)})`, { cause: error })
}
