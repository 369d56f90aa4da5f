import { type Stats, constants } from 'node:fs'
import { type FileHandle, link, lstat, open, rename, unlink } from 'node:fs/promises'
import { errorCode } from '../errors/error-code.js'
import { TransferError, TransferStoppedError } from './failures.js'

/** A file that is being fetched, hidden beside its target until it is complete. */
export class PartFile {
  readonly #location
  readonly #handle
  readonly #onProgress
  #bytes

  private constructor (location: string, handle: FileHandle, bytes: number, onProgress: (doneBytes: number) => void) {
    this.#location = location
    this.#handle = handle
    this.#bytes = bytes
    this.#onProgress = onProgress
  }

  /**
   * Opens the file, with what an earlier call has left in it.
   *
   * @throws {TransferError}
   */
  static async open (location: string, onProgress: (doneBytes: number) => void): Promise<PartFile> {
    try {
      // Someone else might have put a symbolic link there, which must not be followed. Windows has no such flag.
      const handle = await open(location, constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0), 0o666)
      return new PartFile(location, handle, (await handle.stat()).size, onProgress)
    } catch (error) {
      throw localFailure(error)
    }
  }

  /** How much of the file has arrived. */
  get bytes (): number {
    return this.#bytes
  }

  /** @throws {TransferError} */
  async write (chunk: Uint8Array): Promise<void> {
    for (let written = 0; written < chunk.length;) {
      const { bytesWritten } = await this.#handle.write(chunk, written, chunk.length - written, this.#bytes)
        .catch((error: unknown) => { throw localFailure(error) })
      written += bytesWritten
      this.#bytes += bytesWritten
    }
    this.#onProgress(this.#bytes)
  }

  /** Continues at a position within what has arrived; the bytes after it stay until they are overwritten. */
  seek (bytes: number): void {
    if (bytes > this.#bytes) throw new TransferError('Something else has changed the file.')
    this.#bytes = bytes
    this.#onProgress(bytes)
  }

  async restart (): Promise<void> {
    await this.#handle.truncate(0)
    this.seek(0)
  }

  async setTime (modified: Date): Promise<void> {
    await this.#handle.utimes(modified, modified)
  }

  async remove (): Promise<void> {
    await unlink(this.#location)
  }

  async close (): Promise<void> {
    await this.#handle.close()
  }

  /**
   * Moves the file into place. Without `force`, a file that has appeared there meanwhile stays: a hard link never replaces one.
   *
   * @throws {TransferError}
   */
  async place (target: string, force: boolean): Promise<void> {
    const part = this.#location
    try {
      if (force) return await rename(part, target)
      await link(part, target)
      await unlink(part)
    } catch (error) {
      // Some file systems have no hard links.
      if (!force && ['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'].includes(errorCode(error)) &&
        await lstat(target).then(() => false, () => true)) return await rename(part, target)
      if (errorCode(error) === 'EEXIST') throw new TransferError('Another file of that name has come there; --force replaces it.')
      throw localFailure(error)
    }
  }
}

/**
 * Refuses a target that already exists.
 *
 * @param isWanted whether the existing file is the one to be fetched
 * @returns whether that one exists
 * @throws {TransferError} if there is another file and `force` is not set, or if there is a folder
 */
export async function requireReplaceable (
  target: string, force: boolean, isWanted: (stats: Stats) => boolean = () => false,
): Promise<boolean> {
  const stats = await lstat(target).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined
    throw localFailure(error)
  })
  if (stats === undefined) return false
  // A symbolic link would be replaced, so what it leads to does not count.
  if (stats.isFile() && isWanted(stats)) return true
  if (force && !stats.isDirectory()) return false
  throw new TransferError(stats.isDirectory() ? 'There is a folder of that name.' : 'There is another file of that name; --force replaces it.')
}

function localFailure (error: unknown): TransferError {
  const code = errorCode(error)
  const Failure = ['ENOSPC', 'EDQUOT', 'EROFS'].includes(code) ? TransferStoppedError : TransferError
  return new Failure(`The file cannot be written (${code}).`)
}
