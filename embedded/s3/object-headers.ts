import { CONDITION_HEADERS } from './conditions.js'
import { OWNER_ID } from './owner.js'
import { S3Error } from './s3-error.js'
import { type S3Request } from './s3-request.js'

const USER_METADATA_PREFIX = 'x-amz-meta-'
const USER_METADATA_MAX_BYTES = 2048
const STORED_HEADERS = ['cache-control', 'content-disposition', 'content-encoding', 'content-language', 'content-type', 'expires']

/** The `x-amz-*` headers that the store understands, or may ignore without breaking what the client asked for. */
const KNOWN_HEADERS = new Set([
  'x-amz-content-sha256', 'x-amz-date', 'x-amz-decoded-content-length', 'x-amz-expected-bucket-owner', 'x-amz-mp-object-size',
  'x-amz-sdk-checksum-algorithm', 'x-amz-security-token', 'x-amz-trailer', 'x-amz-user-agent',
])
const KNOWN_PREFIXES = [USER_METADATA_PREFIX, 'x-amz-checksum-']
/** Headers that may only state the defaults, since there is one account and one storage class. */
const DEFAULTS = new Map([['x-amz-acl', ['private', 'bucket-owner-full-control']], ['x-amz-storage-class', ['STANDARD']]])

/**
 * Refuses headers that would change a request's meaning but that the store does not support, such as those for copying,
 * encrypting, writing part of an object, or a condition.
 *
 * @param conditions the headers among CONDITION_HEADERS that the operation honours
 * @throws {S3Error} NotImplemented; AccessDenied if the bucket is expected to be another account's
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
 * The headers of an upload that are returned with every download.
 *
 * @throws {S3Error} MetadataTooLarge if names and values of the user metadata are longer than 2 KB in total
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
  // That coding applies to the transfer only: the chunks' framing is stripped on receipt.
  const codings = stored['content-encoding']?.split(',') ?? []
  const kept = codings.filter((coding) => coding.trim().toLowerCase() !== 'aws-chunked')
  if (kept.length === codings.length) return stored
  const { 'content-encoding': _encoding, ...others } = stored
  return kept.length === 0 ? others : { ...others, 'content-encoding': kept.join(',').trim() }
}

/**
 * The headers of a download: those stored, overridden by those that the query asks for (`response-content-type` and the like).
 */
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
