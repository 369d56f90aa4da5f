import { CONDITION_HEADERS } from './conditions.js'
import { OWNER_ID } from './owner.js'
import { S3Error } from './s3-error.js'
import { type S3Request } from './s3-request.js'

const USER_METADATA_PREFIX = 'x-amz-meta-'
const USER_METADATA_MAX_BYTES = 2048
const STORED_HEADERS = ['cache-control', 'content-disposition', 'content-encoding', 'content-language', 'content-type', 'expires']

/** Headers `x-amz-*` that the store understands, or may ignore without breaking what the client asked for. */
const KNOWN_HEADERS = new Set([
  'x-amz-content-sha256', 'x-amz-date', 'x-amz-decoded-content-length', 'x-amz-expected-bucket-owner', 'x-amz-mp-object-size',
  'x-amz-sdk-checksum-algorithm', 'x-amz-trailer', 'x-amz-user-agent',
])
const KNOWN_PREFIXES = [USER_METADATA_PREFIX, 'x-amz-checksum-']
/** Headers that only say what holds anyway: there is one account, and one class of storage. */
const DEFAULTS = new Map([['x-amz-acl', ['private', 'bucket-owner-full-control']], ['x-amz-storage-class', ['STANDARD']]])

/**
 * Refuses what would change a request's meaning without the store's heeding it, such as copying, encrypting, writing a part of
 * an object, or a condition.
 *
 * @param conditions the headers among CONDITION_HEADERS that the operation honours
 * @throws {S3Error} NotImplemented; AccessDenied where the bucket should be another account's
 */
export function refuseUnknownHeaders ({ headers }: S3Request, conditions: readonly string[]): void {
  for (const [name, value] of headers) {
    const isKnown = CONDITION_HEADERS.includes(name)
      ? conditions.includes(name)
      : name !== 'content-range' && (!name.startsWith('x-amz-') || KNOWN_HEADERS.has(name) ||
        KNOWN_PREFIXES.some((prefix) => name.startsWith(prefix)) || DEFAULTS.get(name)?.includes(value) === true)
    if (!isKnown) throw new S3Error('NotImplemented')
  }
  if ((headers.get('x-amz-expected-bucket-owner') ?? OWNER_ID) !== OWNER_ID) throw new S3Error('AccessDenied')
}

/**
 * The headers of an upload that come back with every download.
 *
 * @throws {S3Error} MetadataTooLarge where names and values of the user metadata are longer than 2 KB
 */
export function headersToStore ({ headers }: S3Request): Record<string, string> {
  const stored: Record<string, string> = {}
  let userMetadataBytes = 0
  for (const [name, value] of headers) {
    if (name.startsWith(USER_METADATA_PREFIX)) {
      userMetadataBytes += name.length - USER_METADATA_PREFIX.length + value.length
      stored[name] = value
    } else if (STORED_HEADERS.includes(name)) {
      stored[name] = value
    }
  }
  if (userMetadataBytes > USER_METADATA_MAX_BYTES) throw new S3Error('MetadataTooLarge')
  // That coding is of the transfer: the chunks' framing is taken off on the way in.
  const codings = stored['content-encoding']?.split(',') ?? []
  const kept = codings.filter((coding) => coding.trim().toLowerCase() !== 'aws-chunked')
  if (kept.length === codings.length) return stored
  const { 'content-encoding': _encoding, ...others } = stored
  return kept.length === 0 ? others : { ...others, 'content-encoding': kept.join(',').trim() }
}

/** The headers of a download: those stored, and over them those that the query asks for (`response-content-type` and such). */
export function headersToSend (stored: Record<string, string>, { parameters }: S3Request): Record<string, string> {
  const overrides = STORED_HEADERS.map((name) => [name, parameters.get(`response-${name}`)] as const)
    .filter((override): override is [string, string] => override[1] !== undefined)
  for (const [name, value] of overrides) {
    // A header's value is ISO-8859-1 without control characters; nothing else can be sent.
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) throw new S3Error('InvalidArgument', `response-${name} cannot be sent as a header.`)
  }
  return { 'content-type': 'binary/octet-stream', ...stored, ...Object.fromEntries(overrides) }
}

/** The query parameters that a download may have. */
export const RESPONSE_PARAMETERS: readonly string[] = STORED_HEADERS.map((name) => `response-${name}`)
