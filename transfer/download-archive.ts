import { createHash } from 'node:crypto'
import { lstat, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Dispatcher } from 'undici'
import { archiveNameOf } from './archive-name.js'
import { TransferError } from './failures.js'
import { PartFile, requireReplaceable } from './part-file.js'
import { refusalOf } from './refusal.js'
import { ATTEMPTS, TransientError, ask, patiently } from './requests.js'
import type { WantedArchive } from './wanted-archive.js'

export interface ArchiveDownload {
  archive: WantedArchive
  /** The existing folder into which it is saved. */
  folder: string
  /** Its name there; undefined means the service's name for it. */
  name: string | undefined
  /** Whether another file there is replaced. */
  force: boolean
  dispatcher: Dispatcher
  /** Called once it is known how big the archive is, and again if it changes. */
  onSize: (sizeBytes: number) => void
  onProgress: (doneBytes: number) => void
  signal: AbortSignal
}

/** A part of an archive that an earlier call, or attempt, has left. */
interface FoundPart {
  location: string
  /** Of the archive that it is a part of. */
  entityTag: string
  sizeBytes: number
}

/** What an answer contains. */
interface Arriving {
  name: string
  /** Undefined if there is no strong one: then the download cannot be continued later. */
  entityTag: string | undefined
  /** Where in the archive it begins. */
  first: number
  /** Of the whole archive. */
  sizeBytes: number
}

/** What has happened over all attempts. */
interface Course {
  arrivedBytes: number
  /** How often the archive turned out to be a different one. */
  changes: number
}

/** To continue a ZIP archive, the service may have to read whole files before it can send anything: a minute is too short. */
const ZIP_PAUSE_MS = 15 * 60_000
/** It is part of a file's name, with two characters for each byte. */
const TAG_MAX_BYTES = 80
const mediaTypes = { zip: 'application/zip', tar: 'application/x-tar' } as const

/**
 * Fetches an archive, first into a hidden file beside its target, whose name contains the entity tag. A later call continues
 * where this one ended if the archive is still the same, whatever the service's address is by then, and starts over if it is
 * not. Once complete, the file is moved into place in one step.
 *
 * @throws {TransferError} also if another file has the target's name and `force` is not set
 */
export async function downloadArchive (download: ArchiveDownload): Promise<{ name: string, sizeBytes: number }> {
  const { folder, name, force, signal } = download
  if (name !== undefined) await requireReplaceable(join(folder, name), force)
  const patience = patiently()
  const course = { arrivedBytes: 0, changes: 0 }
  for (;;) {
    const before = course.arrivedBytes
    try {
      return await patience.execute(() => fetchRest(download, course), signal)
    } catch (error) {
      // As long as bytes arrive, the connection may break any number of times.
      if (!(error instanceof TransientError) || course.arrivedBytes === before) throw error
    }
  }
}

async function fetchRest (download: ArchiveDownload, course: Course): Promise<{ name: string, sizeBytes: number }> {
  const { folder, force, onSize, onProgress } = download
  const found = await findParts(download)
  const known = found.find(({ entityTag }) => entityTag !== '')
  const answer = await askForRest(download, known)
  try {
    const arriving = await readHead(download, answer, known)
    const { name, entityTag, first, sizeBytes } = arriving
    const target = join(folder, name)
    await requireReplaceable(target, force)
    if (known !== undefined && entityTag !== known.entityTag) course.changes++
    if (course.changes > ATTEMPTS) throw new TransferError('The archive keeps changing.')
    // These are left from archives that can no longer be fetched.
    for (const part of found) if (part.entityTag !== entityTag) await unlink(part.location).catch(() => {})
    onSize(sizeBytes)
    const part = await PartFile.open(locationOf(download, entityTag), onProgress)
    try {
      if (entityTag === undefined) await part.restart()
      else part.seek(first)
      await receive(download, answer, { part, sizeBytes, course })
    } finally {
      await part.close()
    }
    await part.place(target, force)
    return { name, sizeBytes }
  } finally {
    answer.body.on('error', () => {}).destroy()
  }
}

async function askForRest (
  { archive: { url, format, authorise }, dispatcher, signal }: ArchiveDownload, known: FoundPart | undefined,
): Promise<Dispatcher.ResponseData> {
  return await ask(url, {
    method: 'GET',
    dispatcher,
    signal,
    ...format === 'zip' ? { bodyTimeout: ZIP_PAUSE_MS } : {},
    headers: {
      ...await authorise(),
      ...known === undefined ? {} : { range: `bytes=${continuedFrom(known)}-`, 'if-range': known.entityTag },
    },
  })
}

/** Asks for the last byte again: for an archive that has arrived completely, there would be no valid range. */
function continuedFrom ({ sizeBytes }: FoundPart): number {
  return Math.max(sizeBytes - 1, 0)
}

/** @throws {TransferError} if the answer cannot be used */
async function readHead (
  { name: wantedName, archive: { format } }: ArchiveDownload, answer: Dispatcher.ResponseData, known: FoundPart | undefined,
): Promise<Arriving> {
  const { statusCode, headers } = answer
  const textOf = (header: string) => {
    const value = headers[header]
    return typeof value === 'string' ? value : ''
  }
  const isWhole = statusCode === 200
  if (!isWhole && statusCode !== 206) throw await refusalOf(answer)
  if (textOf('content-type') !== mediaTypes[format]) throw new TransferError('What answers there sends no archive.')
  const etag = textOf('etag')
  const entityTag = etag.startsWith('"') && Buffer.byteLength(etag) <= TAG_MAX_BYTES ? etag : undefined
  const { first, last, sizeBytes } = isWhole ? wholeOf(textOf('content-length')) : rangeOf(textOf('content-range'))
  const isRest = known !== undefined && known.entityTag === entityTag && first === continuedFrom(known)
  if (!(isWhole || isRest) || last !== sizeBytes - 1) throw new TransferError('The answer is not what was asked for.')
  return { name: wantedName ?? archiveNameOf(textOf('content-disposition'), format), entityTag, first, sizeBytes }
}

function wholeOf (contentLength: string) {
  const sizeBytes = contentLength === '' ? NaN : Number(contentLength)
  return { first: 0, last: sizeBytes - 1, sizeBytes }
}

function rangeOf (contentRange: string) {
  const [first = NaN, last = NaN, sizeBytes = NaN] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange)?.slice(1).map(Number) ?? []
  return { first, last, sizeBytes }
}

async function receive (
  { signal }: ArchiveDownload, { body }: Dispatcher.ResponseData,
  { part, sizeBytes, course }: { part: PartFile, sizeBytes: number, course: Course },
): Promise<void> {
  try {
    for await (const chunk of body) {
      await part.write(chunk)
      course.arrivedBytes += chunk.length
    }
  } catch (error) {
    throw error instanceof TransferError || signal.aborted ? error : new TransientError('The connection broke.')
  }
  if (part.bytes < sizeBytes) throw new TransientError('The connection broke.')
}

/** The parts of the archive that exist, of any of its versions; the biggest first. */
async function findParts (download: ArchiveDownload): Promise<FoundPart[]> {
  const { folder } = download
  const start = nameOfParts(download)
  const found: FoundPart[] = []
  for (const fileName of await readdir(folder)) {
    if (!fileName.startsWith(start) || !fileName.endsWith('.part')) continue
    const location = join(folder, fileName)
    const stats = await lstat(location).catch(() => undefined)
    const entityTag = Buffer.from(fileName.slice(start.length, -'.part'.length), 'hex').toString()
    if (stats?.isFile() === true) found.push({ location, entityTag, sizeBytes: stats.size })
  }
  return found.sort((one, other) => other.sizeBytes - one.sizeBytes)
}

function locationOf (download: ArchiveDownload, entityTag = ''): string {
  return join(download.folder, `${nameOfParts(download)}${Buffer.from(entityTag).toString('hex')}.part`)
}

/** The prefix of the names of an archive's parts. */
function nameOfParts ({ archive: { url }, name = '' }: ArchiveDownload): string {
  const { pathname, search } = new URL(url)
  return `.objects-storage-${createHash('sha256').update(JSON.stringify([pathname, search, name])).digest('hex').slice(0, 24)}-`
}
