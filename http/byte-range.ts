import { isEntityTag, matchesStrongly } from './entity-tag.js'
import { parseHttpDate } from './http-date.js'
import { type Validators } from './preconditions.js'

/** A part of a file, both ends included: `{ first: 0, last: 499 }` are its first 500 bytes. */
export interface ByteRange {
  first: number
  last: number
}

/** `whole`: 200 with all bytes; a range: 206; `unsatisfiable`: 416. */
export type RangeSelection = 'whole' | 'unsatisfiable' | ByteRange

/** A range as requested, independent of any file: from one position to another or to the end, or the last bytes. */
export type NamedRange = { first: number, last?: number | undefined } | { suffixLength: number }

/** The part of a request that holds its range; headers by their lower-case names, as in Node. */
export interface RangeRequest {
  method: string
  headers: {
    range?: string | undefined
    'if-range'?: string | undefined
  }
}

// Far more bytes than a file in any store has, and small enough for all stores to parse.
const POSITIONS_BELOW = 10n ** 15n

/** One element of a Range header. bigint, since a client may write more digits than a number holds. */
type RangeSpec = { first: bigint, last: bigint | undefined } | { suffixLength: bigint }

/**
 * Decides which bytes of a file answer a request (RFC 9110, section 14). Preconditions must be evaluated first.
 *
 * - Range counts for GET only (14.2), so HEAD describes the whole file.
 * - A unit other than `bytes`, or a value that breaks the grammar, is ignored (14.2): the whole file. Go and nginx answer 416
 *   for the latter, which a client cannot tell from a file that is too short.
 * - Of several ranges, those that lie outside the file are dropped. If a single one is left, it is sent as such, as Go and
 *   nginx do; if several are left, the whole file is sent, as 14.2 allows: it contains all that was asked for, costs the store
 *   one read, and every client accepts it, whereas few read multipart/byteranges.
 * - In an empty file no range from a position can be satisfied (14.1.1, 14.1.2), `bytes=0-` included. nginx and Go answer 200
 *   there, for clients that put the header on every request; we follow the RFC, and the 416 states the length, too. A suffix
 *   can be satisfied by a file of any length, but Content-Range has no way to write a range of no bytes: the whole file.
 *
 * @param now tells whether a date in If-Range is a strong validator, and the century of its two-digit year.
 */
export function selectRange (request: RangeRequest, file: Validators & { sizeBytes: number }, now: Date): RangeSelection {
  const { range, 'if-range': ifRange } = request.headers
  if (request.method !== 'GET' || range === undefined) return 'whole'
  if (ifRange !== undefined && !isSameFile(ifRange, file, now)) return 'whole'
  const specs = parseRange(range)
  if (specs === undefined) return 'whole'
  const satisfiable = specs.map((spec) => resolve(spec, file.sizeBytes)).filter((resolved) => resolved !== undefined)
  const [only, ...others] = satisfiable
  if (only === undefined) return file.sizeBytes === 0 && specs.some(asksForSuffix) ? 'whole' : 'unsatisfiable'
  return others.length === 0 ? only : 'whole'
}

/**
 * The range that a request asks for, before anything is known about the file. `selectRange` then returns these bytes, `whole`
 * or `unsatisfiable`.
 *
 * @returns `undecided` if the file's length decides: several ranges, or one that may lie outside every file
 */
export function namedRange ({ method, headers: { range } }: RangeRequest): NamedRange | 'whole' | 'undecided' {
  const specs = method === 'GET' && range !== undefined ? parseRange(range) : undefined
  if (specs === undefined) return 'whole'
  const [only, ...others] = specs
  if (only === undefined || others.length > 0) return 'undecided'
  if ('suffixLength' in only) {
    const { suffixLength } = only
    return suffixLength > 0n && suffixLength < POSITIONS_BELOW ? { suffixLength: Number(suffixLength) } : 'undecided'
  }
  const { first, last } = only
  if (first >= POSITIONS_BELOW || (last ?? 0n) >= POSITIONS_BELOW) return 'undecided'
  return { first: Number(first), last: last === undefined ? undefined : Number(last) }
}

/** The value of a Range header that asks for a range. */
export function formatRange (range: NamedRange): string {
  return 'suffixLength' in range ? `bytes=-${range.suffixLength}` : `bytes=${range.first}-${range.last ?? ''}`
}

/**
 * The range that the Content-Range of a 206 names (RFC 9110, section 14.4); undefined if it is not a range of bytes, or the
 * file's length is unknown.
 */
export function readContentRange (value: string): ByteRange | undefined {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/\d{1,15}$/.exec(value)
  return match === null ? undefined : { first: Number(match[1]), last: Number(match[2]) }
}

/** Whether two ranges are the same bytes; undefined means the whole file. */
export function isSameRange (one: ByteRange | undefined, other: ByteRange | undefined): boolean {
  return one?.first === other?.first && one?.last === other?.last
}

/**
 * The value of Content-Range: for a 206 the range and the file's length, for a 416 only the length (RFC 9110, section 14.4).
 */
export function contentRange (selection: ByteRange | 'unsatisfiable', sizeBytes: number): string {
  if (selection === 'unsatisfiable') return `bytes */${sizeBytes}`
  return `bytes ${selection.first}-${selection.last}/${sizeBytes}`
}

/**
 * If-Range (RFC 9110, section 13.1.5): whether the client's part belongs to this very file. Only strong validators can say so:
 * an entity tag without `W/`, or the date of Last-Modified itself once the second it names is over (8.8.2.2), since within that
 * second the file may still be replaced under the same date. A list, `*` or anything else says nothing.
 */
function isSameFile (ifRange: string, file: Validators, now: Date): boolean {
  if (isEntityTag(ifRange)) return matchesStrongly(ifRange, file.entityTag)
  const date = parseHttpDate(ifRange, now)
  if (date === undefined) return false
  const lastModifiedSeconds = Math.floor(file.lastModified.getTime() / 1000)
  return date.getTime() === lastModifiedSeconds * 1000 && now.getTime() >= (lastModifiedSeconds + 1) * 1000
}

/** RFC 9110, section 14.1.1; undefined for another unit or a malformed set. */
function parseRange (value: string): RangeSpec[] | undefined {
  const set = /^bytes=(.*)$/i.exec(value)?.[1]
  if (set === undefined) return undefined
  const specs: RangeSpec[] = []
  for (const element of set.split(',')) {
    // Empty elements must be skipped: RFC 9110, section 5.6.1.2.
    if (/^[ \t]*$/.test(element)) continue
    const spec = parseRangeSpec(element)
    if (spec === undefined) return undefined
    specs.push(spec)
  }
  return specs.length > 0 ? specs : undefined
}

function parseRangeSpec (element: string): RangeSpec | undefined {
  const match = /^[ \t]*(\d*)-(\d*)[ \t]*$/.exec(element)
  if (match === null) return undefined
  const [, firstDigits = '', lastDigits = ''] = match
  if (firstDigits === '') return lastDigits === '' ? undefined : { suffixLength: BigInt(lastDigits) }
  const first = BigInt(firstDigits)
  const last = lastDigits === '' ? undefined : BigInt(lastDigits)
  // "An int-range is invalid if the last-pos value is present and less than first-pos."
  return last !== undefined && last < first ? undefined : { first, last }
}

function asksForSuffix (spec: RangeSpec): boolean {
  return 'suffixLength' in spec && spec.suffixLength > 0n
}

/** The bytes that a range names in a file of this size; undefined if the file has none of them. */
function resolve (spec: RangeSpec, sizeBytes: number): ByteRange | undefined {
  const size = BigInt(sizeBytes)
  if ('suffixLength' in spec) {
    if (spec.suffixLength === 0n || size === 0n) return undefined
    return { first: spec.suffixLength < size ? Number(size - spec.suffixLength) : 0, last: sizeBytes - 1 }
  }
  if (spec.first >= size) return undefined
  const last = spec.last !== undefined && spec.last < size ? Number(spec.last) : sizeBytes - 1
  return { first: Number(spec.first), last }
}
