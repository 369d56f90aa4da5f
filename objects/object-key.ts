import { randomBytes } from 'node:crypto'
import type { Static } from '@sinclair/typebox'
import { type DirectionSchema, OBJECT_KEY_MAX_BYTES, ORG_KEY_PATTERN, UUID_PATTERN } from '../schemas/identifiers.js'

/** Whether a file went into a run or came out of it, as it stands in the object key. */
export type Direction = Static<typeof DirectionSchema>

/** What an object key says: every dimension that storage is accounted by, and the file's name. */
export interface ObjectKeyParts {
  orgKey: string
  workflowId: string
  runId: string
  createdBy: string
  direction: Direction
  /** base64url of at least 128 random bits; what makes the key unguessable. */
  token: string
  fileName: string
}

/** The longest file name that common file systems store, in bytes of UTF-8. */
export const FILE_NAME_MAX_BYTES = 255

const TOKEN_BYTES = 16
const uuid = UUID_PATTERN.slice(1, -1)
const objectKeyPattern = new RegExp(
  `^(${ORG_KEY_PATTERN.slice(1, -1)})/workflows/(${uuid})/runs/(${uuid})/users/(${uuid})/(inputs|outputs)/([A-Za-z0-9_-]{22,})/([^/]+)$`,
  'u',
)
// C0, DEL and C1 controls break headers and terminals; the `u` flag makes \p{Surrogate} match only a lone surrogate,
// which has no UTF-8 form and makes encodeURIComponent throw.
const forbiddenInFileName = /[\p{Cc}\p{Surrogate}/]/u

/**
 * Whether a name can stand as the last part of an object key: 1 to 255 bytes of UTF-8 without `/`, control characters or
 * lone surrogates, and neither `.` nor `..`, which browsers normalise out of a URL's path and so out of its signature.
 */
export function isFileName (name: string): boolean {
  return name.length > 0 && name !== '.' && name !== '..' &&
    !forbiddenInFileName.test(name) && Buffer.byteLength(name) <= FILE_NAME_MAX_BYTES
}

/**
 * Reads an object key.
 *
 * @returns its parts, or undefined when the key is not of the form
 *   `{orgKey}/workflows/{workflowId}/runs/{runId}/users/{createdBy}/{inputs|outputs}/{token}/{fileName}`
 *   or is longer than 1,024 bytes. Such a key is neither downloadable nor counted.
 */
export function parseObjectKey (objectKey: string): ObjectKeyParts | undefined {
  const match = objectKeyPattern.exec(objectKey)
  if (match === null) return undefined
  const [, orgKey, workflowId, runId, createdBy, direction, token, fileName] = match
  if (orgKey === undefined || workflowId === undefined || runId === undefined || createdBy === undefined ||
    (direction !== 'inputs' && direction !== 'outputs') || token === undefined || fileName === undefined) return undefined
  if (!isFileName(fileName) || Buffer.byteLength(objectKey) > OBJECT_KEY_MAX_BYTES) return undefined
  return { orgKey, workflowId, runId, createdBy, direction, token, fileName }
}

/** The file's name in an object key that is known to be one. */
export function fileNameOf (objectKey: string): string {
  return objectKey.slice(objectKey.lastIndexOf('/') + 1)
}

/**
 * Makes a new object key that nobody can guess: its token is 128 bits from the system's random source.
 *
 * @throws {TypeError} when a part has not the form that `parseObjectKey` reads back.
 */
export function mintObjectKey (parts: Omit<ObjectKeyParts, 'token'>): string {
  const { orgKey, workflowId, runId, createdBy, direction, fileName } = parts
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  const objectKey = `${orgKey}/workflows/${workflowId}/runs/${runId}/users/${createdBy}/${direction}/${token}/${fileName}`
  if (parseObjectKey(objectKey) === undefined) throw new TypeError('The parts do not make a valid object key.')
  return objectKey
}
