import { randomBytes } from 'node:crypto'

/** S3 allows object keys of at most 1,024 bytes of UTF-8 (Amazon S3 User Guide, "Naming Amazon S3 objects"). */
export const OBJECT_KEY_MAX_BYTES = 1024
/** The longest file name that common file systems can store, in bytes of UTF-8. */
export const FILE_NAME_MAX_BYTES = 255
/** The longest path that is minted, in bytes of UTF-8; a key always has room for it, whatever precedes it. */
export const PATH_MAX_BYTES = 400
export const ORG_KEY_PATTERN = '^[a-z0-9][a-z0-9-]{0,62}$'
export const UUID_PATTERN = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
/** Whether a file went into a run or came out of it, according to the object key. */
export const directions = ['inputs', 'outputs'] as const
export type Direction = (typeof directions)[number]

/** What an object key contains: every dimension by which usage is counted, and the file's path. */
export interface ObjectKeyParts {
  orgKey: string
  workflowId: string
  runId: string
  createdBy: string
  direction: Direction
  /** base64url of at least 128 random bits; this makes the key unguessable. */
  token: string
  /** Folders and the file's name, separated by `/`. */
  path: string
}

/** The parts that keys may have in common, in order from the first. */
export interface KeyScope {
  orgKey: string
  workflowId?: string | undefined
  runId?: string | undefined
  createdBy?: string | undefined
}

const TOKEN_BYTES = 16
/** The number of names between slashes before the path, including the token. */
const NAMES_BEFORE_PATH = 9
const orgKeyForm = ORG_KEY_PATTERN.slice(1, -1)
const uuid = UUID_PATTERN.slice(1, -1)
const objectKeyPattern = new RegExp(`^(${orgKeyForm})/workflows/(${uuid})/runs/(${uuid})/users/(${uuid})/` +
  `(${directions.join('|')})/([A-Za-z0-9_-]{22,})/(.+)$`, 'su')
const orgKeyPrefix = new RegExp(`^(${orgKeyForm})/`)
// C0, DEL and C1 controls break headers and terminals; the `u` flag makes \p{Surrogate} match only a lone surrogate, which has
// no UTF-8 form and makes encodeURIComponent throw. Browsers normalise `.` and `..` out of a URL's path, and so out of its
// signature. No two parts of the pattern can match the same text, so matching takes linear time.
const segmentForm = '(?!\\.{1,2}(?:/|$))[^/\\p{Cc}\\p{Surrogate}]+'
const pathPattern = new RegExp(`^${segmentForm}(?:/${segmentForm})*$`, 'u')

/**
 * Whether a text can be the last part of an object key: names of files and folders, separated by single slashes. A name has 1
 * to 255 bytes of UTF-8, no control characters or lone surrogates, and is neither `.` nor `..`.
 */
export function isPath (text: string): boolean {
  if (!pathPattern.test(text)) return false
  return Buffer.byteLength(text) <= FILE_NAME_MAX_BYTES ||
    text.split('/').every((name) => Buffer.byteLength(name) <= FILE_NAME_MAX_BYTES)
}

/** Whether a text is a path of a single name, without folders. */
export function isFileName (text: string): boolean {
  return isPath(text) && !text.includes('/')
}

/** Whether S3 and the database can store a text as a key, whatever its form: at most 1,024 bytes of UTF-8, without NUL. */
export function isStorableKey (text: string): boolean {
  return Buffer.byteLength(text) <= OBJECT_KEY_MAX_BYTES && !text.includes('\0')
}

/**
 * Parses an object key.
 *
 * @returns its parts, or undefined if the key does not have the form
 *   `{orgKey}/workflows/{workflowId}/runs/{runId}/users/{createdBy}/{inputs|outputs}/{token}/{path}` or is longer than 1,024
 *   bytes. Such a key is neither downloadable nor counted.
 */
export function parseObjectKey (objectKey: string): ObjectKeyParts | undefined {
  // Checked first, since the rest takes time in proportion to the key's length.
  if (Buffer.byteLength(objectKey) > OBJECT_KEY_MAX_BYTES) return undefined
  const [, orgKey = '', workflowId = '', runId = '', createdBy = '', direction, token = '', path = ''] =
    objectKeyPattern.exec(objectKey) ?? []
  // A key that matches has one of the two.
  if (direction !== 'inputs' && direction !== 'outputs') return undefined
  return isPath(path) ? { orgKey, workflowId, runId, createdBy, direction, token, path } : undefined
}

/**
 * The longest prefix that is shared by all object keys with these parts, but by no key of another organisation: it ends before
 * the first part that is not given.
 */
export function prefixOf ({ orgKey, workflowId, runId, createdBy }: KeyScope): string {
  const parts = [['', orgKey], ['workflows/', workflowId], ['runs/', runId], ['users/', createdBy]] as const
  let prefix = ''
  for (const [name, part] of parts) {
    if (part === undefined) break
    prefix += `${name}${part}/`
  }
  return prefix
}

/** The organisation that has all keys with a prefix; undefined if several may have some. */
export function orgKeyOfPrefix (prefix: string): string | undefined {
  return orgKeyPrefix.exec(prefix)?.[1]
}

/** The file's name in a valid object key, or in a path: the last segment. */
export function fileNameOf (keyOrPath: string): string {
  return keyOrPath.slice(keyOrPath.lastIndexOf('/') + 1)
}

/** The path in a valid object key: everything after the token. */
export function pathOf (objectKey: string): string {
  let start = 0
  // Does not split the whole key, since archives ask for the paths of many files at once.
  for (let names = 0; names < NAMES_BEFORE_PATH; names++) {
    start = objectKey.indexOf('/', start) + 1
    if (start === 0) return ''
  }
  return objectKey.slice(start)
}

/**
 * Makes a new object key that nobody can guess: its token is 128 bits from the system's random source.
 *
 * @throws {TypeError} if a part does not have the form that `parseObjectKey` reads back, or the path has more than 400 bytes
 */
export function mintObjectKey (parts: Omit<ObjectKeyParts, 'token'>): string {
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  const objectKey = `${prefixOf(parts)}${parts.direction}/${token}/${parts.path}`
  if (Buffer.byteLength(parts.path) > PATH_MAX_BYTES || parseObjectKey(objectKey) === undefined) {
    throw new TypeError('The parts do not make a valid object key.')
  }
  return objectKey
}
