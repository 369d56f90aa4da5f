import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { RetryPolicy } from 'cockatiel'
import type { Dispatcher } from 'undici'
import { TransferError } from './failures.js'
import { PartFile, requireReplaceable } from './part-file.js'
import { ATTEMPTS, TransientError, ask, isTransientStatus, patiently, retryAfterOf } from './requests.js'

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

/** The current state of the file. */
interface Described {
  sizeBytes: number
  /** As it was sent, if it is strong; otherwise undefined. */
  entityTag: string | undefined
  modified: Date
}

/** The file has changed meanwhile. */
class ChangedError extends TransferError {}

/**
 * Fetches a file, first into a hidden file beside its target, which is named after the link and the entity tag: a later call
 * continues where this one ended, if the file is still the same. Once complete, it is moved into place in one step, with the
 * storage's time of modification.
 *
 * @returns how many bytes it has, and whether it was already there, as a file with that size and time
 * @throws {TransferError} also if another file has the target's name and `force` is not set
 */
export async function downloadFile (download: Download): Promise<{ sizeBytes: number, wasThere: boolean }> {
  const patience = patiently()
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
  const answer = await ask(link, { method: 'HEAD', dispatcher, signal })
  const { statusCode, headers, body } = answer
  await body.dump()
  if (statusCode !== 200) throw refusalOf(answer)
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
  return await requireReplaceable(target, force, (stats) => stats.size === sizeBytes && stats.mtimeMs === modified.getTime())
}

async function fetchWhole (download: Download, described: Described, patience: RetryPolicy): Promise<void> {
  const { target, force, onProgress, signal } = download
  const part = await PartFile.open(locationOf(download, described), onProgress)
  try {
    if (described.entityTag === undefined || part.bytes > described.sizeBytes) await part.restart()
    onProgress(part.bytes)
    while (part.bytes < described.sizeBytes) {
      const before = part.bytes
      await patience.execute(() => fetchRest(download, described, part), signal).catch((error: unknown) => {
        // As long as bytes arrive, the connection may break any number of times.
        if (!(error instanceof TransientError) || part.bytes <= before) throw error
      })
    }
    if (!Number.isNaN(described.modified.getTime())) await part.setTime(described.modified)
  } catch (error) {
    if (error instanceof ChangedError) await part.remove()
    throw error
  } finally {
    await part.close()
  }
  await part.place(target, force)
}

async function fetchRest (
  { link, dispatcher, signal }: Download, { sizeBytes, entityTag }: Described, part: PartFile,
): Promise<void> {
  if (entityTag === undefined && part.bytes > 0) await part.restart()
  const answer = await ask(link, {
    method: 'GET',
    dispatcher,
    signal,
    headers: {
      // With If-Match rather than If-Range, which some stores do not know: they would send a part of another file.
      ...entityTag === undefined ? {} : { 'if-match': entityTag },
      ...part.bytes === 0 ? {} : { range: `bytes=${part.bytes}-` },
    },
  })
  const { statusCode, headers, body } = answer
  try {
    if (statusCode === 412 || (headers.etag !== undefined && entityTag !== undefined && headers.etag !== entityTag)) {
      throw new ChangedError('The file keeps changing.')
    }
    if (statusCode === 200 && part.bytes > 0) await part.restart()
    else if (statusCode !== 200 && !(statusCode === 206 && headers['content-range'] === `bytes ${part.bytes}-${sizeBytes - 1}/${sizeBytes}`)) {
      throw refusalOf(answer)
    }
    for await (const chunk of body) {
      if (part.bytes + chunk.length > sizeBytes) throw new ChangedError('The file has more bytes than it should have.')
      await part.write(chunk)
    }
  } catch (error) {
    throw error instanceof TransferError || signal.aborted ? error : new TransientError('The connection broke.')
  } finally {
    body.on('error', () => {}).destroy()
  }
  if (part.bytes < sizeBytes) throw new TransientError('The connection broke.')
}

function refusalOf (answer: Dispatcher.ResponseData): TransferError {
  const { statusCode } = answer
  if (isTransientStatus(statusCode)) return new TransientError(`The answer was status ${statusCode}.`, retryAfterOf(answer))
  return new TransferError(statusCode === 404 ? 'There is no such file.' : `The answer was status ${statusCode}.`)
}

/** A name that is short enough for every file system, however long the file's own is. */
function locationOf ({ link, target }: Download, { entityTag = '', sizeBytes }: Described): string {
  const hash = createHash('sha256').update(JSON.stringify([link, target, entityTag, sizeBytes])).digest('hex').slice(0, 24)
  return join(dirname(target), `.objects-storage-${hash}.part`)
}
