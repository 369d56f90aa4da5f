import type { Readable } from 'node:stream'
import { crc32 as updateCrc32 } from 'node:zlib'
import type { FileChecksums } from './checksums.js'
import { type FilePart, type FilesAhead, lengthOf } from './files-ahead.js'
import type { ArchiveLayout } from './layout.js'

/** Some of an archive's bytes, both ends included. */
export interface ArchiveRange {
  first: number
  last: number
}

/** Pieces are joined up to this size: a write takes longer than copying them. */
const JOINED_BYTES = 65_536

/** The parts of files whose bytes are in a range of an archive, in their order. */
export function * filePartsOf (layout: ArchiveLayout, range: ArchiveRange): Generator<FilePart, void, undefined> {
  if (range.first >= layout.endOffset) return
  for (let index = layout.indexAt(range.first); index < layout.count && layout.offset(index) <= range.last; index++) {
    const part = filePartOf(layout, index, range)
    if (part !== undefined) yield part
  }
}

/** The files whose checksums are in a range of an archive, but which do not pass whole in it. */
export function * checksumsNeededFor (layout: ArchiveLayout, range: ArchiveRange): Generator<number, void, undefined> {
  // From the beginning on, every file passes before its checksum does.
  if (!layout.format.hasChecksums || range.first === 0) return
  // Only the first and the last file in the range may pass in part, and the last one's trailer is then beyond the range.
  const ofTrailer = range.first < layout.endOffset ? layout.indexAt(range.first) : undefined
  if (ofTrailer !== undefined && range.last >= trailerAt(layout, ofTrailer) && !passesWhole(layout, ofTrailer, range)) {
    yield ofTrailer
  }
  let at = layout.endOffset
  for (const { length, checksumOf } of layout.format.end(layout)) {
    if (at > range.last) return
    at += length
    if (at <= range.first || checksumOf === undefined || checksumOf === ofTrailer) continue
    if (!passesWhole(layout, checksumOf, range)) yield checksumOf
  }
}

/**
 * Writes a range of an archive.
 *
 * @param files those of `filePartsOf`; closed when the writing ends
 * @throws if a file cannot be read as the archive needs it; what was written so far is correct
 */
export async function * writeRange (
  layout: ArchiveLayout, range: ArchiveRange, files: FilesAhead, checksums: FileChecksums,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield * joined(piecesOf(layout, range, files, checksums))
  } finally {
    files.close()
  }
}

async function * piecesOf (
  layout: ArchiveLayout, range: ArchiveRange, files: FilesAhead, checksums: FileChecksums,
): AsyncGenerator<Buffer, void, undefined> {
  const { format } = layout
  const first = range.first < layout.endOffset ? layout.indexAt(range.first) : layout.count
  for (let index = first; index < layout.count && layout.offset(index) <= range.last; index++) {
    const entry = layout.entry(index)
    const header = format.header(entry)
    yield within(range, layout.offset(index), header)
    const dataAt = layout.offset(index) + header.length
    const dataEnd = dataAt + format.dataLength(entry.sizeBytes)
    const [from, to] = [Math.max(range.first, dataAt), Math.min(range.last + 1, dataEnd)]
    if (from < to) {
      const bytes = bytesOf(layout, index, range, files, checksums)
      yield * limited(format.write(bytes, from - dataAt, entry.sizeBytes), to - from)
    }
    if (dataEnd > range.last || format.trailerLength(entry) === 0) continue
    const isSeen = range.first < dataEnd + format.trailerLength(entry)
    if (isSeen) yield within(range, dataEnd, format.trailer(entry, format.hasChecksums ? await checksums.of(index) : 0))
  }
  let at = layout.endOffset
  for (const { length, checksumOf, bytes } of format.end(layout)) {
    if (at > range.last) return
    if (at + length > range.first) yield within(range, at, bytes(checksumOf === undefined ? 0 : await checksums.of(checksumOf)))
    at += length
  }
}

/** The bytes of a file that a range needs; notes the checksum of a file that passes whole. */
async function * bytesOf (
  layout: ArchiveLayout, index: number, range: ArchiveRange, files: FilesAhead, checksums: FileChecksums,
): AsyncGenerator<Buffer, void, undefined> {
  const part = filePartOf(layout, index, range)
  const isChecked = layout.format.hasChecksums && isWhole(part, layout.file(index).sizeBytes)
  let crc32 = 0
  if (part !== undefined) {
    let left = lengthOf(part)
    for await (const chunk of readWhole(await files.take())) {
      left -= chunk.length
      if (left < 0) break
      files.fill(left)
      if (isChecked) crc32 = updateCrc32(chunk, crc32)
      yield chunk
    }
    if (left !== 0) throw new Error('The object storage sent another number of bytes than the file has.')
  }
  if (isChecked) checksums.note(index, crc32)
}

/** Closes the body, however the reading ends. */
async function * readWhole (body: Readable): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of body) yield chunk
}

/** Undefined if a range needs none of a file's bytes. */
function filePartOf (layout: ArchiveLayout, index: number, range: ArchiveRange): FilePart | undefined {
  const { format } = layout
  const { sizeBytes } = layout.file(index)
  const dataAt = layout.offset(index) + format.headerLength(layout.entry(index))
  const dataLength = format.dataLength(sizeBytes)
  const offsetOf = (place: number) => format.fileOffsetOf(Math.min(Math.max(place - dataAt, 0), dataLength), sizeBytes)
  const first = offsetOf(range.first)
  const last = offsetOf(range.last + 1) - 1
  return first <= last ? { index, first, last } : undefined
}

function trailerAt (layout: ArchiveLayout, index: number): number {
  return layout.offset(index + 1) - layout.format.trailerLength(layout.entry(index))
}

/** Whether all of a file's bytes are in a range. */
function passesWhole (layout: ArchiveLayout, index: number, range: ArchiveRange): boolean {
  return isWhole(filePartOf(layout, index, range), layout.file(index).sizeBytes)
}

/** An empty file always is. */
function isWhole (part: FilePart | undefined, sizeBytes: number): boolean {
  return (part === undefined ? 0 : lengthOf(part)) === sizeBytes
}

/** The part of a piece that lies in a range. */
function within (range: ArchiveRange, at: number, piece: Buffer): Buffer {
  return piece.subarray(Math.max(range.first - at, 0), Math.max(range.last + 1 - at, 0))
}

/** No more than the given number of bytes; the rest is left unread. */
async function * limited (pieces: AsyncIterable<Buffer>, length: number): AsyncGenerator<Buffer, void, undefined> {
  let left = length
  for await (const piece of pieces) {
    yield piece.subarray(0, left)
    left -= piece.length
  }
}

async function * joined (pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let waiting: Buffer[] = []
  let length = 0
  for await (const piece of pieces) {
    if (piece.length === 0) continue
    waiting.push(piece)
    length += piece.length
    if (length < JOINED_BYTES) continue
    yield waiting.length === 1 ? piece : Buffer.concat(waiting, length)
    waiting = []
    length = 0
  }
  if (length > 0) yield Buffer.concat(waiting, length)
}
