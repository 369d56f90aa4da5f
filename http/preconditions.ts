import { matchesStrongly, matchesWeakly, parseEntityTags } from './entity-tag.js'
import { parseHttpDate } from './http-date.js'

/** What identifies a file's version (RFC 9110, section 8.8). */
export interface Validators {
  /** As sent in ETag, with its quotes: `"d41d8cd98f00b204e9800998ecf8427e"`. */
  entityTag: string
  /** As sent in Last-Modified, so fractions of a second do not count. */
  lastModified: Date
}

/** The part of a request that holds its preconditions; headers by their lower-case names, as in Node. */
export interface ConditionalRequest {
  method: string
  headers: {
    'if-match'?: string | undefined
    'if-none-match'?: string | undefined
    'if-modified-since'?: string | undefined
    'if-unmodified-since'?: string | undefined
  }
}

const preconditionHeaders = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'] as const

/** Whether a request has preconditions at all. */
export function isConditional ({ headers }: ConditionalRequest): boolean {
  return preconditionHeaders.some((name) => headers[name] !== undefined)
}

/** Whether a request may turn out to have the file already, and so be answered without its bytes. */
export function mayHaveFile ({ headers }: ConditionalRequest): boolean {
  return headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined
}

export type PreconditionOutcome = 'proceed' | 'not-modified' | 'precondition-failed'

/** A header that is absent, or has to be ignored, is neither true nor false: the next one is then evaluated. */
type Condition = 'none' | 'true' | 'false'

/**
 * Evaluates a request's preconditions against the file that exists under its key, in the order of RFC 9110, section 13.2.2.
 * If-Range, last in that order, is evaluated with the range: see byte-range.ts.
 *
 * @param now decides the century of dates with a two-digit year
 * @returns `not-modified` for 304, `precondition-failed` for 412, `proceed` if the request is to be answered in full
 */
export function evaluatePreconditions (request: ConditionalRequest, file: Validators, now: Date): PreconditionOutcome {
  const { method, headers } = request
  let unchanged = ifMatch(headers['if-match'], file)
  if (unchanged === 'none') unchanged = ifUnmodifiedSince(headers['if-unmodified-since'], file, now)
  if (unchanged === 'false') return 'precondition-failed'

  const reads = method === 'GET' || method === 'HEAD'
  const changed = ifNoneMatch(headers['if-none-match'], file)
  if (changed === 'false') return reads ? 'not-modified' : 'precondition-failed'
  // If-Modified-Since counts only without an If-None-Match, and only for GET and HEAD: RFC 9110, section 13.1.3.
  if (changed === 'none' && reads && ifModifiedSince(headers['if-modified-since'], file, now) === 'false') return 'not-modified'
  return 'proceed'
}

/** RFC 9110, section 13.1.1: true if one of the listed tags is the file's, compared strongly. */
function ifMatch (value: string | undefined, file: Validators): Condition {
  if (value === undefined) return 'none'
  const entityTags = parseEntityTags(value)
  if (entityTags === '*') return 'true'
  return entityTags.some((entityTag) => matchesStrongly(entityTag, file.entityTag)) ? 'true' : 'false'
}

/** RFC 9110, section 13.1.2: false if one of the listed tags is the file's, compared weakly. */
function ifNoneMatch (value: string | undefined, file: Validators): Condition {
  if (value === undefined) return 'none'
  const entityTags = parseEntityTags(value)
  if (entityTags === '*') return 'false'
  return entityTags.some((entityTag) => matchesWeakly(entityTag, file.entityTag)) ? 'false' : 'true'
}

/** RFC 9110, section 13.1.4: true if the file is not newer than the date; anything but a date is ignored. */
function ifUnmodifiedSince (value: string | undefined, file: Validators, now: Date): Condition {
  const date = value === undefined ? undefined : parseHttpDate(value, now)
  if (date === undefined) return 'none'
  return isYounger(file, date) ? 'false' : 'true'
}

/** RFC 9110, section 13.1.3: false if the file is not newer than the date; anything but a date is ignored. */
function ifModifiedSince (value: string | undefined, file: Validators, now: Date): Condition {
  const date = value === undefined ? undefined : parseHttpDate(value, now)
  if (date === undefined) return 'none'
  return isYounger(file, date) ? 'true' : 'false'
}

/** Compared in whole seconds, since that is all the client knows of the file's time, from Last-Modified. */
function isYounger (file: Validators, date: Date): boolean {
  return Math.floor(file.lastModified.getTime() / 1000) * 1000 > date.getTime()
}
