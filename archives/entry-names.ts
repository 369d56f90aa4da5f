import { hash } from 'node:crypto'
import { FILE_NAME_MAX_BYTES } from '../objects/object-key.js'

// What Windows refuses in a name (Microsoft, "Naming Files, Paths, and Namespaces"). Names in paths have no control characters
// or slashes.
const refused = /[<>:"\\|?*]/g
// Windows drops these from the end of a name.
const dropped = /[. ]+$/
// Windows device names, which mean the device whatever their extension (the same document).
const deviceName = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *(?:\.|$)/i
/** How the stem of a name that was made here ends. */
const madeHere = /~(?:\d+|[0-9a-f]{24})$/
/** A longer "extension" is the end of a sentence with a dot in it. */
const EXTENSION_MAX_BYTES = 32

/**
 * A path in a form that every common system can store below the folder that an archive is unpacked into. Paths of different
 * files may become the same; `uniqueNames` tells them apart.
 *
 * @param path of an object key: names separated by single slashes, none of them `.` or `..`
 */
export function storablePath (path: string): string {
  const names = path.split('/')
  const fileName = storableName(names.pop() ?? '')
  return [...names.map((name) => folderName(storableName(name))), fileName].join('/')
}

/**
 * The same for all paths that some file system takes to be one: Windows and macOS ignore case, and macOS ignores how an accent
 * is written. Sorted by this, in UTF-16 units, a path comes right before those that it coincides with, and before those that
 * are below it as if it were a folder.
 */
export function foldedPath (path: string): string {
  // Both ways, since a letter may have several forms in one case. No path has control characters.
  return path.normalize('NFC').toLowerCase().toUpperCase().replaceAll('/', '\u0001')
}

/**
 * Names for files in one archive: no two of them are the same if case is ignored, and none is that of a folder. A name that
 * is already taken gets a number, `plot~2.png`.
 *
 * The names that were given need not be remembered: one that ends as if it had been made here gets another number, so that each
 * can be traced to one path.
 *
 * @param sorted by `folded`
 * @returns the names in the same order
 */
export function * uniqueNames (sorted: Iterable<{ storable: string, folded: string }>): Generator<string, void, undefined> {
  let group: string[] = []
  let folded: string | undefined
  for (const next of sorted) {
    if (folded !== undefined && next.folded !== folded) {
      yield * numbered(group, next.folded.startsWith(`${folded}\u0001`))
      group = []
    }
    folded = next.folded
    group.push(next.storable)
  }
  yield * numbered(group, false)
}

function * numbered (paths: readonly string[], isFolder: boolean): Generator<string, void, undefined> {
  let number = 0
  for (const path of paths) {
    number++
    yield number === 1 && !isFolder && !isMadeHere(path) ? path : withNumber(path, number)
  }
}

function storableName (name: string): string {
  const storable = name.replace(refused, '_').replace(dropped, (end) => '_'.repeat(end.length))
  return deviceName.test(storable) ? fitted(`_${storable}`, storable) : storable
}

/** Files are numbered from 1, so that 0 is for folders alone. */
function folderName (name: string): string {
  return isMadeHere(name) ? withNumber(name, 0) : name
}

function isMadeHere (path: string): boolean {
  return path.includes('~') && madeHere.test(splitName(path).stem)
}

function withNumber (path: string, number: number): string {
  const { folder, stem, extension } = splitName(path)
  return folder + fitted(`${stem}~${number}${extension}`, `${number} ${path}`)
}

/**
 * A name that file systems store. One that is too long is shortened, and ends with a digest of what it is made for.
 *
 * @param origin differs wherever names must
 */
function fitted (name: string, origin: string): string {
  if (Buffer.byteLength(name) <= FILE_NAME_MAX_BYTES) return name
  const { stem, extension } = splitName(name)
  const end = `~${hash('sha256', foldedPath(origin)).slice(0, 24)}${Buffer.byteLength(extension) > EXTENSION_MAX_BYTES ? '' : extension}`
  const { read } = new TextEncoder().encodeInto(stem, new Uint8Array(FILE_NAME_MAX_BYTES - Buffer.byteLength(end)))
  return stem.slice(0, read) + end
}

/** A name that only begins with a dot has no extension. */
function splitName (path: string): { folder: string, stem: string, extension: string } {
  const nameAt = path.lastIndexOf('/') + 1
  const dot = path.lastIndexOf('.')
  const extensionAt = dot > nameAt ? dot : path.length
  return { folder: path.slice(0, nameAt), stem: path.slice(nameAt, extensionAt), extension: path.slice(extensionAt) }
}
