import { type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { parseHttpDate } from '../../http/http-date.js'
import { checksumHeaders } from './checksum.js'
import { matchesEntityTag } from './conditions.js'
import { type StoredObjects } from './stored-objects.js'
import { headersToSend } from './object-headers.js'
import { S3Error } from './s3-error.js'
import { type S3Request } from './s3-request.js'
import { type SealedFile, type SealedMetadata } from './sealed-file.js'

/**
 * Answers GetObject and HeadObject (Amazon S3 API Reference): preconditions first, then one byte range at most. The bytes are
 * those of the version that existed when the request arrived.
 *
 * @throws {S3Error} NoSuchKey, PreconditionFailed, InvalidRange
 */
export async function sendObject (request: S3Request, response: ServerResponse, objects: StoredObjects): Promise<void> {
  const file = objects.openObject(request.objectKey)
  try {
    const { metadata, sizeBytes } = file
    const headers = headersToSend(metadata.headers, request)
    response.setHeader('ETag', `"${metadata.etag}"`)
    response.setHeader('Last-Modified', new Date(metadata.lastModifiedMs).toUTCString())
    response.setHeader('Accept-Ranges', 'bytes')
    if (checkPreconditions(request.headers, metadata) === 'not modified') {
      response.writeHead(304).end()
      return
    }
    const range = isRangeWanted(request.headers, metadata) ? parseRange(request.headers.get('range'), sizeBytes) : undefined
    if (range !== undefined) response.setHeader('Content-Range', `bytes ${range.start}-${range.end}/${sizeBytes}`)
    const { start, end } = range ?? { start: 0, end: sizeBytes - 1 }
    // The checksum covers the whole object.
    const isChecksumWanted = range === undefined && request.headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED'
    const checksum = isChecksumWanted ? checksumHeaders(metadata.checksum) : {}
    response.writeHead(range === undefined ? 200 : 206, { ...headers, ...checksum, 'Content-Length': end + 1 - start })
    if (request.method === 'HEAD' || sizeBytes === 0) response.end()
    else await sendBytes(file, start, end, response)
  } finally {
    file.close()
  }
}

async function sendBytes (file: SealedFile, start: number, end: number, response: ServerResponse): Promise<void> {
  try {
    await pipeline(file.stream(start, end), response)
  } catch (error) {
    // Unless reading failed, the client went away, which it may do.
    if (!response.destroyed || response.errored !== null) throw error
  }
}

/** RFC 9110, 13.2.2, as far as it concerns reading; dates have the precision of a second. */
function checkPreconditions (headers: S3Request['headers'], metadata: SealedMetadata): 'modified' | 'not modified' {
  const { etag } = metadata
  const lastModified = wholeSeconds(metadata)
  const ifMatch = headers.get('if-match')
  const ifNoneMatch = headers.get('if-none-match')
  const ifUnmodifiedSince = parseDate(headers.get('if-unmodified-since'))
  const ifModifiedSince = parseDate(headers.get('if-modified-since'))
  if (ifMatch !== undefined) {
    if (!matchesEntityTag(ifMatch, etag, 'strong')) throw new S3Error('PreconditionFailed')
  } else if (ifUnmodifiedSince !== undefined && lastModified > ifUnmodifiedSince) {
    throw new S3Error('PreconditionFailed')
  }
  if (ifNoneMatch !== undefined) return matchesEntityTag(ifNoneMatch, etag, 'weak') ? 'not modified' : 'modified'
  return ifModifiedSince !== undefined && lastModified <= ifModifiedSince ? 'not modified' : 'modified'
}

/** RFC 9110, 13.1.5: a client that has part of another version gets the whole. */
function isRangeWanted (headers: S3Request['headers'], metadata: SealedMetadata): boolean {
  const ifRange = headers.get('if-range')
  if (ifRange === undefined) return true
  const date = parseDate(ifRange)
  return date === undefined ? ifRange === `"${metadata.etag}"` : date === wholeSeconds(metadata)
}

function wholeSeconds ({ lastModifiedMs }: SealedMetadata): number {
  return Math.floor(lastModifiedMs / 1000) * 1000
}

function parseDate (text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseHttpDate(text, new Date())?.getTime()
}

/**
 * RFC 9110, 14.1.2. As on S3, a range of another form and a list of ranges are ignored.
 *
 * @returns the first and the last byte, both inclusive
 */
function parseRange (header: string | undefined, sizeBytes: number): { start: number, end: number } | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first)
  const end = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1)
  if (start > end) {
    throw new S3Error('InvalidRange', undefined, { headers: { 'Content-Range': `bytes */${sizeBytes}` } })
  }
  return { start, end }
}
