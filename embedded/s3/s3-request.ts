import { type IncomingMessage } from 'node:http'
import { encodeComponent, encodePath } from '../../http/percent-encoding.js'
import { S3Error } from './s3-error.js'

/** The length limit of a key in UTF-8, as on S3. */
export const KEY_MAX_BYTES = 1024

const SIGNATURE_PARAMETERS = new Set([
  'X-Amz-Algorithm', 'X-Amz-Content-Sha256', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-Expires', 'X-Amz-Security-Token',
  'X-Amz-Signature', 'X-Amz-SignedHeaders',
])

/** A path-style request, with its target decoded. */
export interface S3Request {
  message: IncomingMessage
  method: string
  /** Percent-encoded again from the decoded form, so that every spelling of a key has one signature, as on S3. */
  canonicalPath: string
  /** Empty if the request concerns no bucket. */
  bucket: string
  /** Empty if the request concerns a bucket. */
  objectKey: string
  /** Decoded, in the order sent. */
  query: ReadonlyArray<readonly [name: string, value: string]>
  /** The query by name; a repeated parameter has its last value. */
  parameters: ReadonlyMap<string, string>
  /** Values of a repeated header are joined by a comma. */
  headers: ReadonlyMap<string, string>
}

/** How the store is to see a request that came to another server, by a pre-signed URL. */
export interface ForwardedTarget {
  /** Path and query, as if the store had been asked. */
  target: string
  /** The host that the URL was signed for, whatever the request's Host header says. */
  host: string
}

/**
 * Reads a request's target and headers.
 *
 * @param as given for a request that came to another server; its Authorization header is then for that server, and ignored
 * @throws {S3Error} InvalidURI if the target is not percent-encoded UTF-8 or contains a NUL; KeyTooLongError
 */
export function parseRequest (message: IncomingMessage, as?: ForwardedTarget): S3Request {
  const target = as?.target ?? message.url ?? ''
  if (!/^\/[\x21-\x7e]*$/.test(target)) throw new S3Error('InvalidURI')
  const queryStart = target.indexOf('?')
  const rawPath = queryStart < 0 ? target : target.slice(0, queryStart)
  const keyStart = rawPath.indexOf('/', 1)
  const bucket = decode(rawPath.slice(1, keyStart < 0 ? undefined : keyStart))
  const objectKey = keyStart < 0 ? '' : decode(rawPath.slice(keyStart + 1))
  if (Buffer.byteLength(objectKey) > KEY_MAX_BYTES) throw new S3Error('KeyTooLongError')

  const query = queryStart < 0 ? [] : parseQuery(target.slice(queryStart + 1))
  const headers = new Map(Object.entries(message.headersDistinct).map(([name, values = []]) => [name, values.join(',')]))
  if (as !== undefined) {
    headers.set('host', as.host)
    headers.delete('authorization')
  }
  return {
    message,
    method: message.method ?? '',
    canonicalPath: `/${encodeComponent(bucket)}${keyStart < 0 ? '' : `/${encodePath(objectKey)}`}`,
    bucket,
    objectKey,
    query,
    parameters: new Map(query),
    headers,
  }
}

/**
 * A request whose query parameters are turned into headers: a pre-signed URL cannot set headers, so S3 treats every `x-amz-*`
 * parameter as one, except those of the signature.
 *
 * @throws {S3Error} InvalidRequest if a header of that name says something else
 */
export function moveHeadersFromQuery (request: S3Request): S3Request {
  const headers = new Map(request.headers)
  const parameters = new Map(request.parameters)
  for (const [parameter, value] of request.parameters) {
    const name = parameter.toLowerCase()
    if (!name.startsWith('x-amz-') || SIGNATURE_PARAMETERS.has(parameter)) continue
    if ((headers.get(name) ?? value) !== value) throw new S3Error('InvalidRequest', `${name} is both a parameter and another header.`)
    headers.set(name, value)
    parameters.delete(parameter)
  }
  return { ...request, headers, parameters }
}

function parseQuery (raw: string): Array<readonly [string, string]> {
  return raw.split('&').filter((part) => part !== '').map((part) => {
    const separator = part.indexOf('=')
    const [name, value] = separator < 0 ? [part, ''] : [part.slice(0, separator), part.slice(separator + 1)]
    return [decode(name.replaceAll('+', ' ')), decode(value.replaceAll('+', ' '))] as const
  })
}

function decode (encoded: string): string {
  let decoded
  try {
    decoded = decodeURIComponent(encoded)
  } catch {
    throw new S3Error('InvalidURI')
  }
  if (decoded.includes('\0')) throw new S3Error('InvalidURI')
  return decoded
}

/**
 * Reads a whole-number parameter.
 *
 * @throws {S3Error} InvalidArgument if it is not a number, or out of bounds
 */
export function integerParameter (
  { parameters }: S3Request, name: string,
  { minimum, maximum, defaultValue }: { minimum: number, maximum: number, defaultValue: number },
): number {
  const text = parameters.get(name)
  if (text === undefined || text === '') return defaultValue
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= minimum && value <= maximum)) throw new S3Error('InvalidArgument', `${name} must be a number from ${minimum} to ${maximum}.`)
  return value
}
