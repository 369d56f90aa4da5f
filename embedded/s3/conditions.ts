import { parseHttpDate } from '../../http/http-date.js'
import { type IndexEntry } from './key-index.js'
import { S3Error } from './s3-error.js'
import { type S3Request } from './s3-request.js'

/** Headers that make a request conditional. An operation names those that it honours; the others are refused. */
export const CONDITION_HEADERS: readonly string[] = [
  'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range',
  'x-amz-if-match-last-modified-time', 'x-amz-if-match-size',
]

/** What must hold for a key's object at the moment it is replaced or removed; every condition given must hold. */
export interface ChangeCondition {
  mustBeAbsent?: boolean
  /** The object exists and has one of these entity tags, as `If-Match` lists them. */
  entityTags?: string
  /** These two apply to the object if there is one: on S3, an absent object fulfils them. */
  sizeBytes?: number
  lastModified?: LastModified
}

/** A time as a client knows it: to the second, or to the millisecond as in listings. */
interface LastModified {
  timeMs: number
  precisionMs: 1 | 1000
}

/**
 * Checks a condition against the index. The caller changes the object in the same synchronous step.
 *
 * @throws {S3Error} PreconditionFailed; NoSuchKey if an entity tag is required of an object that does not exist
 */
export function requireCondition (entry: IndexEntry | undefined, condition: ChangeCondition): void {
  const { mustBeAbsent = false, entityTags, sizeBytes, lastModified } = condition
  if (entry === undefined) {
    if (entityTags !== undefined) throw new S3Error('NoSuchKey')
    return
  }
  const holds = !mustBeAbsent &&
    (entityTags === undefined || matchesEntityTag(entityTags, entry.etag, 'strong')) &&
    (sizeBytes === undefined || entry.sizeBytes === sizeBytes) &&
    (lastModified === undefined || truncate(entry.lastModifiedMs, lastModified) === lastModified.timeMs)
  if (!holds) throw new S3Error('PreconditionFailed')
}

/**
 * The condition of a write: `If-Match`, and `If-None-Match: *`.
 *
 * @throws {S3Error} NotImplemented for an entity tag in If-None-Match, as on S3
 */
export function readWriteCondition ({ headers }: S3Request): ChangeCondition {
  const ifNoneMatch = headers.get('if-none-match')
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') throw new S3Error('NotImplemented')
  return { mustBeAbsent: ifNoneMatch === '*', ...withEntityTags(headers.get('if-match')) }
}

/**
 * The condition of a deletion, from the headers of DeleteObject or the elements of DeleteObjects.
 *
 * @throws {S3Error} InvalidArgument if a size or a time is malformed
 */
export function readDeleteCondition (
  { entityTags, size, lastModifiedTime }: Record<'entityTags' | 'size' | 'lastModifiedTime', string | undefined>,
): ChangeCondition {
  if (size !== undefined && !/^\d{1,15}$/.test(size)) throw new S3Error('InvalidArgument', 'The size to match is not a number.')
  return {
    ...withEntityTags(entityTags),
    ...size === undefined ? {} : { sizeBytes: Number(size) },
    ...lastModifiedTime === undefined ? {} : { lastModified: readLastModified(lastModifiedTime) },
  }
}

/**
 * Whether a list of entity tags contains an object's (RFC 9110, 8.8.3.2). S3 also accepts a tag without its quotes; its own
 * tags contain no commas.
 */
export function matchesEntityTag (list: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  return list.split(',').map((item) => item.trim()).some((item) => {
    if (item === '*') return true
    const tag = comparison === 'weak' ? item.replace(/^W\//, '') : item
    return tag === etag || tag === `"${etag}"`
  })
}

function withEntityTags (entityTags: string | undefined): ChangeCondition {
  return entityTags === undefined ? {} : { entityTags }
}

function readLastModified (text: string): LastModified {
  const date = parseHttpDate(text, new Date())
  if (date !== undefined) return { timeMs: date.getTime(), precisionMs: 1000 }
  const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/.exec(text)
  const timeMs = Date.parse(text)
  if (iso === null || Number.isNaN(timeMs)) throw new S3Error('InvalidArgument', 'The time to match is not a date.')
  return { timeMs, precisionMs: iso[1] === undefined ? 1000 : 1 }
}

function truncate (timeMs: number, { precisionMs }: LastModified): number {
  return Math.floor(timeMs / precisionMs) * precisionMs
}
