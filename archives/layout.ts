import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { pathOf } from '../objects/object-key.js'
import type { ArchiveEntry, ArchiveFormat, DirectoryOfEntries, EndPiece } from './archive-format.js'
import { foldedPath, storablePath, uniqueNames } from './entry-names.js'

/** A file that is to be in an archive. */
export interface ArchivedFile {
  objectKey: string
  sizeBytes: number
  /** As in an ETag header, with its quotes: the bytes that the archive is to have. */
  entityTag: string
  /** Null if that is not known. */
  modifiedAt: Date | null
  /** Of these bytes; undefined if that is not known. */
  crc32: number | undefined
}

/** Where everything is in an archive. */
export interface ArchiveLayout extends DirectoryOfEntries {
  readonly format: ArchiveFormat
  /** Strong: archives with the same tag have the same bytes. With quotes. */
  readonly entityTag: string
  readonly sizeBytes: number
  file: (index: number) => ArchivedFile
  /** The file whose bytes, or whose header or trailer, are at a place before the end. */
  indexAt: (place: number) => number
}

/** Must change with anything that changes the bytes of an archive of the same files. */
const LAYOUT_VERSION = 1
/** For files without a known time: the earliest that ZIP can state. */
const UNKNOWN_TIME = new Date('1980-01-01T00:00:00Z')
/** How many files are worked on before others get their turn. */
const BATCH_FILES = 1_000

/**
 * Lays out an archive: files in the order of their paths, whatever their case, and then of their keys; no two files share a
 * name, nor do a file and a folder. The same files give the same archive, whichever replica lays it out.
 */
export async function layOutArchive (format: ArchiveFormat, files: readonly ArchivedFile[]): Promise<ArchiveLayout> {
  const { sorted, names } = await nameFiles(files)
  const entry = (index: number): ArchiveEntry => {
    const file = fileAt(sorted, index)
    const { objectKey, sizeBytes, modifiedAt } = file
    return { name: names.get(index) ?? pathOf(objectKey), sizeBytes, modifiedAt: modifiedAt ?? UNKNOWN_TIME }
  }
  const tag = createHash('sha256').update(`${LAYOUT_VERSION} ${format.name}\n`)
  const offsets = new Float64Array(sorted.length)
  let endOffset = 0
  for (const [index, file] of sorted.entries()) {
    if (index % BATCH_FILES === BATCH_FILES - 1) await setImmediate()
    const described = entry(index)
    offsets[index] = endOffset
    endOffset += format.headerLength(described) + format.dataLength(file.sizeBytes) + format.trailerLength(described)
    tag.update(JSON.stringify([described.name, file.objectKey, file.entityTag, file.sizeBytes, described.modifiedAt.getTime()]))
  }
  const directory = { count: sorted.length, entry, offset: (index: number) => offsets[index] ?? endOffset, endOffset }
  return {
    ...directory,
    format,
    entityTag: `"${tag.digest('base64url')}"`,
    sizeBytes: endOffset + await lengthOf(format.end(directory)),
    file: (index) => fileAt(sorted, index),
    indexAt: (place) => lastNotAfter(offsets, place),
  }
}

/** @returns the files in their order, and the names of those whose name is not their path */
async function nameFiles (files: readonly ArchivedFile[]) {
  const described = []
  for (const [index, file] of files.entries()) {
    if (index % BATCH_FILES === BATCH_FILES - 1) await setImmediate()
    const path = pathOf(file.objectKey)
    const storable = storablePath(path)
    described.push({ file, path, storable, folded: foldedPath(storable) })
  }
  // The order need only be the same everywhere, not that of the store.
  described.sort((one, other) => compare(one.folded, other.folded) || compare(one.file.objectKey, other.file.objectKey))
  const names = new Map<number, string>()
  let index = 0
  for (const name of uniqueNames(described)) {
    if (index % BATCH_FILES === BATCH_FILES - 1) await setImmediate()
    if (name !== described[index]?.path) names.set(index, name)
    index++
  }
  return { sorted: described.map(({ file }) => file), names }
}

function compare (one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

function fileAt (files: readonly ArchivedFile[], index: number): ArchivedFile {
  const file = files[index]
  if (file === undefined) throw new RangeError('The archive has no such file.')
  return file
}

async function lengthOf (pieces: Iterable<EndPiece>): Promise<number> {
  let [total, count] = [0, 0]
  for (const { length } of pieces) {
    total += length
    if (++count % BATCH_FILES === 0) await setImmediate()
  }
  return total
}

/** The index of the last offset that does not exceed a place. */
function lastNotAfter (offsets: Float64Array, place: number): number {
  let [low, high] = [0, offsets.length]
  while (high - low > 1) {
    const middle = low + high >> 1
    if ((offsets[middle] ?? Infinity) <= place) low = middle
    else high = middle
  }
  return low
}
