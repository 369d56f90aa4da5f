import { S3Error } from './s3-error.js'
import { type S3Request } from './s3-request.js'

const USER_METADATA_PREFIX = 'x-amz-meta-'
const USER_METADATA_MAX_BYTES = 2048
const STORED_HEADERS = ['cache-control', 'content-disposition', 'content-encoding', 'content-language', 'content-type', 'expires']

/** Headers `x-amz-*` that the store understands, or may ignore without breaking what the client asked for. */
const KNOWN_HEADERS = new Set([
  'x-amz-checksum-algorithm', 'x-amz-checksum-mode', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-decoded-content-length',
  'x-amz-expected-bucket-owner', 'x-amz-sdk-checksum-algorithm', 'x-amz-trailer', 'x-amz-user-agent',
])
const KNOWN_PREFIXES = [USER_METADATA_PREFIX, 'x-amz-checksum-']

/**
 * Refuses what would change a request's meaning without the store's heeding it, such as copying or encrypting.
 *
 * @throws {S3Error} NotImplemented
 */
export function refuseUnknownHeaders ({ headers }: S3Request): void {
  for (const name of headers.keys()) {
    const isKnown = !name.startsWith('x-amz-') || KNOWN_HEADERS.has(name) || KNOWN_PREFIXES.some((prefix) => name.startsWith(prefix))
    if (!isKnown) throw new S3Error('NotImplemented')
  }
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
  const encodings = stored['content-encoding']?.split(',').map((coding) => coding.trim()).filter((coding) => coding !== 'aws-chunked')
  if (encodings?.length === 0) delete stored['content-encoding']
  else if (encodings !== undefined) stored['content-encoding'] = encodings.join(',')
  return stored
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
