import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, lstat, open, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel'
import { type Dispatcher, request } from 'undici'
import { errorCode } from '../errors/error-code.js'
import { TransferError, TransferStoppedError } from './failures.js'

export interface Download {
  /** The file's download link. */
  link: string
  /** Where the file goes. */
  target: string
  /** Whether another file there is replaced. */
  force: boolean
  dispatcher: Dispatcher
  /** Called once it is known how big the file is, and again if it changes. */
  onSize: (sizeBytes: number) => void
  onProgress: (doneBytes: number) => void
  signal: AbortSignal
}

/** The file as it is now. */
interface Described {
  sizeBytes: number
  /** As it was sent: strong, or undefined. */
  entityTag: string | undefined
  modified: Date
}

/** The same may succeed later. */
class TransientError extends TransferStoppedError {}
/** The file is another one by now. */
class ChangedError extends TransferError {}

const ATTEMPTS = 8
const DELAYS = { initialDelay: 500, maxDelay: 30_000 }
const TIMEOUT_MS = 60_000
const transientStatuses = new Set([408, 429, 500, 502, 503, 504])

/**
 * Fetches a file, to a hidden file beside its place first, which is named after link and entity tag: a later call goes on where
 * this one ended, if the file is the same. It gets its place in one step, once it is whole, with the time that the storage
 * gives it.
 *
 * @returns how many bytes it has, and whether it was there already: a file of that size and time
 * @throws {TransferError} also if another file is there and `force` is not set
 */
export async function downloadFile (download: Download): Promise<{ sizeBytes: number, wasThere: boolean }> {
  const patience = retry(handleWhen((error) => error instanceof TransientError), {
    maxAttempts: ATTEMPTS - 1, backoff: new ExponentialBackoff(DELAYS),
  })
  for (let changes = 0; ; changes++) {
    const described = await patience.execute(() => describe(download), download.signal)
    download.onSize(described.sizeBytes)
    if (await isThere(download, described)) return { sizeBytes: described.sizeBytes, wasThere: true }
    try {
      await fetchWhole(download, described, patience)
      return { sizeBytes: described.sizeBytes, wasThere: false }
    } catch (error) {
      if (!(error instanceof ChangedError) || changes === ATTEMPTS) throw error
    }
  }
}

async function describe ({ link, dispatcher, signal }: Download): Promise<Described> {
  const { statusCode, headers, body } = await ask(link, { method: 'HEAD', dispatcher, signal })
  await body.dump()
  if (statusCode !== 200) throw refusalOf(statusCode)
  const { etag, 'content-length': length, 'last-modified': modified } = headers
  const sizeBytes = Number(length)
  if (!Number.isSafeInteger(sizeBytes)) throw new TransferError('The link leads to no file of a known size.')
  return {
    sizeBytes,
    entityTag: typeof etag === 'string' && etag.startsWith('"') ? etag : undefined,
    modified: new Date(typeof modified === 'string' ? modified : NaN),
  }
}

async function isThere ({ target, force }: Download, { sizeBytes, modified }: Described): Promise<boolean> {
  const stats = await lstat(target).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined
    throw localFailure(error)
  })
  if (stats === undefined) return false
  // A link that is replaced does not lead anywhere any more.
  if (stats.isFile() && stats.size === sizeBytes && stats.mtimeMs === modified.getTime()) return true
  if (force && !stats.isDirectory()) return false
  throw new TransferError(stats.isDirectory() ? 'There is a folder of that name.' : 'There is another file of that name; --force replaces it.')
}

async function fetchWhole (download: Download, described: Described, patience: ReturnType<typeof retry>): Promise<void> {
  const { target, force, onProgress, signal } = download
  const part = partOf(download, described)
  // Someone else might have put a symbolic link there. Windows has no such flag.
  const handle = await open(part, constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0), 0o666)
    .catch((error: unknown) => { throw localFailure(error) })
  try {
    const at = new Position(handle, described.entityTag === undefined ? 0 : (await handle.stat()).size, onProgress)
    if (at.bytes > described.sizeBytes) await at.restart()
    onProgress(at.bytes)
    while (at.bytes < described.sizeBytes) {
      const before = at.bytes
      await patience.execute(() => fetchRest(download, described, at), signal).catch((error: unknown) => {
        // As long as bytes arrive, it may break as often as it likes.
        if (!(error instanceof TransientError) || at.bytes <= before) throw error
      })
    }
    await handle.truncate(described.sizeBytes)
    if (!Number.isNaN(described.modified.getTime())) await handle.utimes(described.modified, described.modified)
  } catch (error) {
    if (error instanceof ChangedError) await unlink(part)
    throw error
  } finally {
    await handle.close()
  }
  await place(part, target, force)
}

/** Up to where the file is there. */
class Position {
  readonly #handle
  readonly #onProgress
  bytes

  constructor (handle: FileHandle, bytes: number, onProgress: (doneBytes: number) => void) {
    this.#handle = handle
    this.bytes = bytes
    this.#onProgress = onProgress
  }

  async write (chunk: Uint8Array): Promise<void> {
    for (let written = 0; written < chunk.length;) {
      const { bytesWritten } = await this.#handle.write(chunk, written, chunk.length - written, this.bytes)
        .catch((error: unknown) => { throw localFailure(error) })
      written += bytesWritten
      this.bytes += bytesWritten
    }
    this.#onProgress(this.bytes)
  }

  async restart (): Promise<void> {
    await this.#handle.truncate(0)
    this.bytes = 0
    this.#onProgress(0)
  }
}

async function fetchRest (
  { link, dispatcher, signal }: Download, { sizeBytes, entityTag }: Described, at: Position,
): Promise<void> {
  if (entityTag === undefined && at.bytes > 0) await at.restart()
  const { statusCode, headers, body } = await ask(link, {
    method: 'GET',
    dispatcher,
    signal,
    headers: {
      // With If-Match rather than If-Range, which some stores do not know: they would send a part of another file.
      ...entityTag === undefined ? {} : { 'if-match': entityTag },
      ...at.bytes === 0 ? {} : { range: `bytes=${at.bytes}-` },
    },
  })
  try {
    if (statusCode === 412 || (headers.etag !== undefined && entityTag !== undefined && headers.etag !== entityTag)) {
      throw new ChangedError('The file keeps changing.')
    }
    if (statusCode === 200 && at.bytes > 0) await at.restart()
    else if (statusCode !== 200 && !(statusCode === 206 && headers['content-range'] === `bytes ${at.bytes}-${sizeBytes - 1}/${sizeBytes}`)) {
      throw refusalOf(statusCode)
    }
    for await (const chunk of body) {
      if (at.bytes + chunk.length > sizeBytes) throw new ChangedError('The file has more bytes than it should have.')
      await at.write(chunk)
    }
  } catch (error) {
    throw error instanceof TransferError || signal.aborted ? error : new TransientError('The connection broke.')
  } finally {
    body.on('error', () => {}).destroy()
  }
  if (at.bytes < sizeBytes) throw new TransientError('The connection broke.')
}

interface Asked {
  method: 'HEAD' | 'GET'
  headers?: Record<string, string>
  dispatcher: Dispatcher
  signal: AbortSignal
}

async function ask (link: string, options: Asked): Promise<Dispatcher.ResponseData> {
  try {
    return await request(link, { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS, ...options })
  } catch (error) {
    options.signal.throwIfAborted()
    throw new TransientError(`Nothing answers where the file should be (${errorCode(error) || 'no connection'}).`)
  }
}

function refusalOf (statusCode: number): TransferError {
  if (transientStatuses.has(statusCode)) return new TransientError(`The answer was status ${statusCode}.`)
  return new TransferError(statusCode === 404 ? 'There is no such file.' : `The answer was status ${statusCode}.`)
}

/** A name as long as any file system takes, whatever the file's is. */
function partOf ({ link, target }: Download, { entityTag = '', sizeBytes }: Described): string {
  const hash = createHash('sha256').update(JSON.stringify([link, target, entityTag, sizeBytes])).digest('hex').slice(0, 24)
  return join(dirname(target), `.objects-storage-${hash}.part`)
}

/** Gives a file its place. Without `force`, a file that came there meanwhile stays: a hard link is never made over one. */
async function place (part: string, target: string, force: boolean): Promise<void> {
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

function localFailure (error: unknown): TransferError {
  const code = errorCode(error)
  const Failure = ['ENOSPC', 'EDQUOT', 'EROFS'].includes(code) ? TransferStoppedError : TransferError
  return new Failure(`The file cannot be written (${code}).`)
}
