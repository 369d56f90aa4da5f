import { type ArchiveEntry, type ArchiveFormat, asStored } from './archive-format.js'

/*
 * The "pax interchange format" (POSIX.1-2017, pax, "Extended Description"): ustar, preceded by records of what does not fit
 * into it.
 */
const BLOCK_BYTES = 512
const NAME_BYTES = 100
const PREFIX_BYTES = 155
/** The most that eleven octal digits hold. */
const SIZE_MAX = 0o77777777777
const TIME_MAX_SECONDS = 0o77777777777
const FILE = '0'
const EXTENDED_HEADER = 'x'
const FILE_MODE = 0o644

/** A path as the ustar header holds it. */
interface Place {
  prefix: string
  name: string
}

/** A tape archive: nothing around its files depends on their contents. */
export const tarFormat: ArchiveFormat = {
  name: 'tar',
  mediaType: 'application/x-tar',
  hasChecksums: false,
  ...asStored,
  header,
  headerLength: (entry) => {
    const extensionBytes = extendedRecords(entry, placeOf(entry.name)).reduce((total, { length }) => total + length, 0)
    return extensionBytes === 0 ? BLOCK_BYTES : 2 * BLOCK_BYTES + extensionBytes + paddingAfter(extensionBytes)
  },
  trailer: (entry) => Buffer.alloc(tarFormat.trailerLength(entry)),
  trailerLength: ({ sizeBytes }) => paddingAfter(sizeBytes),
  end: () => [{ length: 2 * BLOCK_BYTES, bytes: () => Buffer.alloc(2 * BLOCK_BYTES) }],
}

function header (entry: ArchiveEntry): Buffer {
  const { name, sizeBytes } = entry
  const place = placeOf(name)
  const records = extendedRecords(entry, place)
  const own = ustar(entry, place ?? { prefix: '', name: legibleName(name) }, FILE, Math.min(sizeBytes, SIZE_MAX))
  if (records.length === 0) return own
  const extension = Buffer.concat(records)
  const padding = Buffer.alloc(paddingAfter(extension.length))
  const described = { prefix: 'PaxHeaders', name: legibleName(name) }
  return Buffer.concat([ustar(entry, described, EXTENDED_HEADER, extension.length), extension, padding, own])
}

/** What does not fit into the ustar header. */
function extendedRecords ({ name, sizeBytes }: ArchiveEntry, place: Place | undefined): Buffer[] {
  return [
    ...place === undefined ? [record('path', name)] : [],
    ...sizeBytes > SIZE_MAX ? [record('size', String(sizeBytes))] : [],
  ]
}

function ustar (
  { modifiedAt }: ArchiveEntry, { prefix, name }: Place, type: string, sizeBytes: number,
): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES)
  const seconds = Math.min(Math.max(Math.floor(modifiedAt.getTime() / 1000), 0), TIME_MAX_SECONDS)
  block.write(name, 0)
  block.write(octal(FILE_MODE, 7), 100)
  block.write(octal(0, 7), 108)
  block.write(octal(0, 7), 116)
  block.write(octal(sizeBytes, 11), 124)
  block.write(octal(seconds, 11), 136)
  // The checksum is computed as if it were blanks.
  block.fill(' ', 148, 156)
  block.write(type, 156)
  block.write('ustar\u000000', 257)
  block.write(octal(0, 7), 329)
  block.write(octal(0, 7), 337)
  block.write(prefix, 345)
  const checksum = block.reduce((sum, byte) => sum + byte, 0)
  block.write(`${octal(checksum, 6)}\0 `, 148)
  return block
}

/** Where a path has room: in ASCII, and separated at a slash if it is long. */
function placeOf (path: string): Place | undefined {
  if (!/^[\x20-\x7e]*$/.test(path)) return undefined
  if (path.length <= NAME_BYTES) return { prefix: '', name: path }
  const slash = path.lastIndexOf('/', PREFIX_BYTES)
  if (slash <= 0 || path.length - slash - 1 > NAME_BYTES) return undefined
  return { prefix: path.slice(0, slash), name: path.slice(slash + 1) }
}

/** For programs that do not know extended headers. */
function legibleName (path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/[^\x20-\x7e]/g, '_').slice(0, NAME_BYTES)
}

/** A record says its own length, its digits included. */
function record (keyword: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${keyword}=${value}\n`)
  let length = rest
  while (length !== rest + String(length).length) length = rest + String(length).length
  return Buffer.from(`${length} ${keyword}=${value}\n`)
}

/** The padding of the last block after this many bytes. */
function paddingAfter (bytes: number): number {
  return (BLOCK_BYTES - bytes % BLOCK_BYTES) % BLOCK_BYTES
}

function octal (value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}
