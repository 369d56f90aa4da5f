import type { ArchiveEntry, ArchiveFormat, DirectoryOfEntries, EndPiece } from './archive-format.js'
import { storedBlocks } from './stored-blocks.js'

/*
 * ZIP (PKWARE, APPNOTE.TXT 6.3.10, whose sections are named below). A file's CRC-32 follows its bytes, in a data descriptor,
 * so that the layout does not depend on what was read before. Streaming readers have to find the end of such a file
 * themselves: Java's ZipInputStream therefore refuses stored files, but reads deflated ones, whose blocks may be stored.
 */
const DEFLATED = 8
/** A data descriptor follows (bit 3), and names are UTF-8 (bit 11): 4.4.4. */
const FLAGS = 0x0808
const VERSION_DEFLATE = 20
const VERSION_ZIP64 = 45
/** Made on Unix (4.4.2), so that the file's mode counts. */
const UNIX = 3
/** A regular file that its owner may write, and everyone may read. */
const FILE_MODE = 0o100644
const MAX_16 = 0xffff
const MAX_32 = 0xffffffff
const ZIP64_FIELD = 0x0001
/** "Extended timestamp" (Info-ZIP, extrafld.txt): seconds since 1970, where the other fields have no time zone. */
const TIMESTAMP_FIELD = 0x5455
const TIMESTAMP_FIELD_BYTES = 9
const TIMESTAMP_MAX_SECONDS = 0x7fffffff

/** A ZIP archive, uncompressed, of files and archives of any size. */
export const zipFormat: ArchiveFormat = {
  name: 'zip',
  mediaType: 'application/zip',
  hasChecksums: true,
  ...storedBlocks,
  header: localHeader,
  headerLength: (entry) =>
    30 + Buffer.byteLength(entry.name) + TIMESTAMP_FIELD_BYTES + (isLarge(entry) ? zip64FieldBytes(2) : 0),
  trailer: dataDescriptor,
  trailerLength: (entry) => isLarge(entry) ? 24 : 16,
  end: centralDirectory,
}

/** 4.3.7. A large file has an empty field for its sizes, which announces that its data descriptor is in 64 bits (4.3.9.2). */
function localHeader (entry: ArchiveEntry): Buffer {
  const name = Buffer.from(entry.name)
  const extra = Buffer.concat([timestampField(entry), ...isLarge(entry) ? [zip64Field([0, 0])] : []])
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x04034b50, 0)
  header.writeUInt16LE(isLarge(entry) ? VERSION_ZIP64 : VERSION_DEFLATE, 4)
  writeFlagsAndTime(header, 6, entry)
  if (isLarge(entry)) header.writeUInt32LE(MAX_32, 18) && header.writeUInt32LE(MAX_32, 22)
  header.writeUInt16LE(name.length, 26)
  header.writeUInt16LE(extra.length, 28)
  return Buffer.concat([header, name, extra])
}

/** 4.3.9. */
function dataDescriptor (entry: ArchiveEntry, crc32: number): Buffer {
  const descriptor = Buffer.alloc(zipFormat.trailerLength(entry))
  descriptor.writeUInt32LE(0x08074b50, 0)
  descriptor.writeUInt32LE(crc32, 4)
  if (isLarge(entry)) {
    descriptor.writeBigUInt64LE(BigInt(writtenBytes(entry)), 8)
    descriptor.writeBigUInt64LE(BigInt(entry.sizeBytes), 16)
  } else {
    descriptor.writeUInt32LE(writtenBytes(entry), 8)
    descriptor.writeUInt32LE(entry.sizeBytes, 12)
  }
  return descriptor
}

function * centralDirectory (directory: DirectoryOfEntries): Generator<EndPiece, void, undefined> {
  let length = 0
  for (let index = 0; index < directory.count; index++) {
    const entry = directory.entry(index)
    const offset = directory.offset(index)
    const headerLength = centralHeaderLength(entry, offset)
    length += headerLength
    yield { length: headerLength, checksumOf: index, bytes: (crc32) => centralHeader(entry, offset, crc32) }
  }
  const end = endOfDirectory(directory.count, length, directory.endOffset)
  yield { length: end.length, bytes: () => end }
}

/** 4.3.12. */
function centralHeader (entry: ArchiveEntry, offset: number, crc32: number): Buffer {
  const name = Buffer.from(entry.name)
  const wide = wideFields(entry, offset)
  const extra = Buffer.concat([timestampField(entry), ...wide.length > 0 ? [zip64Field(wide)] : []])
  const header = Buffer.alloc(46)
  header.writeUInt32LE(0x02014b50, 0)
  header.writeUInt16LE(UNIX << 8 | VERSION_ZIP64, 4)
  header.writeUInt16LE(wide.length > 0 ? VERSION_ZIP64 : VERSION_DEFLATE, 6)
  writeFlagsAndTime(header, 8, entry)
  header.writeUInt32LE(crc32, 16)
  header.writeUInt32LE(isLarge(entry) ? MAX_32 : writtenBytes(entry), 20)
  header.writeUInt32LE(isLarge(entry) ? MAX_32 : entry.sizeBytes, 24)
  header.writeUInt16LE(name.length, 28)
  header.writeUInt16LE(extra.length, 30)
  header.writeUInt32LE(FILE_MODE << 16 >>> 0, 38)
  header.writeUInt32LE(Math.min(offset, MAX_32), 42)
  return Buffer.concat([header, name, extra])
}

function centralHeaderLength (entry: ArchiveEntry, offset: number): number {
  const wide = wideFields(entry, offset).length
  return 46 + Buffer.byteLength(entry.name) + TIMESTAMP_FIELD_BYTES + (wide > 0 ? zip64FieldBytes(wide) : 0)
}

/** What does not fit into 32 bits, in the order of the field that holds it in 64 (4.5.3). */
function wideFields (entry: ArchiveEntry, offset: number): number[] {
  return [...isLarge(entry) ? [entry.sizeBytes, writtenBytes(entry)] : [], ...offset >= MAX_32 ? [offset] : []]
}

/** 4.3.14 to 4.3.16. */
function endOfDirectory (count: number, length: number, offset: number): Buffer {
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(Math.min(count, MAX_16), 8)
  end.writeUInt16LE(Math.min(count, MAX_16), 10)
  end.writeUInt32LE(Math.min(length, MAX_32), 12)
  end.writeUInt32LE(Math.min(offset, MAX_32), 16)
  if (count < MAX_16 && length < MAX_32 && offset < MAX_32) return end
  const wide = Buffer.alloc(56)
  wide.writeUInt32LE(0x06064b50, 0)
  wide.writeBigUInt64LE(44n, 4)
  wide.writeUInt16LE(UNIX << 8 | VERSION_ZIP64, 12)
  wide.writeUInt16LE(VERSION_ZIP64, 14)
  wide.writeBigUInt64LE(BigInt(count), 24)
  wide.writeBigUInt64LE(BigInt(count), 32)
  wide.writeBigUInt64LE(BigInt(length), 40)
  wide.writeBigUInt64LE(BigInt(offset), 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50, 0)
  locator.writeBigUInt64LE(BigInt(offset + length), 8)
  locator.writeUInt32LE(1, 16)
  return Buffer.concat([wide, locator, end])
}

/** Flags, method, time and date, which follow one another in both kinds of header: 4.4.4 to 4.4.6. */
function writeFlagsAndTime (header: Buffer, at: number, { modifiedAt }: ArchiveEntry): void {
  header.writeUInt16LE(FLAGS, at)
  header.writeUInt16LE(DEFLATED, at + 2)
  const year = Math.min(Math.max(modifiedAt.getUTCFullYear(), 1980), 2107)
  const [hours, minutes, seconds] = [modifiedAt.getUTCHours(), modifiedAt.getUTCMinutes(), modifiedAt.getUTCSeconds()]
  header.writeUInt16LE(hours << 11 | minutes << 5 | seconds >> 1, at + 4)
  header.writeUInt16LE(year - 1980 << 9 | modifiedAt.getUTCMonth() + 1 << 5 | modifiedAt.getUTCDate(), at + 6)
}

function timestampField ({ modifiedAt }: ArchiveEntry): Buffer {
  const field = Buffer.alloc(TIMESTAMP_FIELD_BYTES)
  field.writeUInt16LE(TIMESTAMP_FIELD, 0)
  field.writeUInt16LE(5, 2)
  // Only the time of modification follows.
  field.writeUInt8(1, 4)
  field.writeInt32LE(Math.min(Math.max(Math.floor(modifiedAt.getTime() / 1000), 0), TIMESTAMP_MAX_SECONDS), 5)
  return field
}

/** 4.5.3. */
function zip64Field (values: readonly number[]): Buffer {
  const field = Buffer.alloc(zip64FieldBytes(values.length))
  field.writeUInt16LE(ZIP64_FIELD, 0)
  field.writeUInt16LE(8 * values.length, 2)
  for (const [index, value] of values.entries()) field.writeBigUInt64LE(BigInt(value), 4 + 8 * index)
  return field
}

function zip64FieldBytes (values: number): number {
  return 4 + 8 * values
}

function isLarge (entry: ArchiveEntry): boolean {
  return writtenBytes(entry) >= MAX_32
}

function writtenBytes ({ sizeBytes }: ArchiveEntry): number {
  return storedBlocks.dataLength(sizeBytes)
}
