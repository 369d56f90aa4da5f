import type { Readable } from 'node:stream'
import type { SigningTarget } from './presigning.js'
import type { Digests } from '../objects/digests.js'
import { type NamedRange, formatRange, isSameRange, readContentRange } from '../http/byte-range.js'
import { checksumRequest, readChecksums, readCrc32 } from './checksums.js'
import { type StoreAttempt, StoreConnection, type StoreResponse, type StoreTimeouts, readErrorCode } from './connection.js'
import { OBJECT_KEY_MAX_BYTES } from '../objects/object-key.js'
import type { StoreTransport } from './dispatcher.js'
import { ObjectStorageRefused } from './failures.js'
import { readListing, requestListing } from './listing-request.js'
import { MultipartUploads } from './multipart-uploads.js'

/** What the object storage says about a file. */
export interface StoredObject {
  sizeBytes: number
  /** Strong and quoted, as in an ETag header. */
  entityTag: string
  lastModified: Date
  contentType: string | undefined
  contentEncoding: string | undefined
  /** The checksums of the whole file that the store says it has checked. */
  checksums: Digests
  /** Likewise; undefined if the store does not name it. */
  crc32: number | undefined
}

/** What is needed to count a file. */
export interface CountedObject extends Pick<StoredObject, 'sizeBytes' | 'entityTag' | 'contentType'> {
  /** Whether the credentials may read it. */
  isReadable: boolean
}

/** A range of bytes, both ends included. */
export interface ReadRange {
  first: number
  last: number
}

/** A file, or part of it, being read. */
export interface ObjectBody {
  /** Without checksums if it is a range: those of a part would be mistaken for the file's. */
  stored: StoredObject
  /** The bytes in `body`; undefined for the whole file. */
  range: ReadRange | undefined
  /** The number of bytes in `body`: those of the range if one was requested. */
  lengthBytes: number
  /** Must be read to the end or destroyed. */
  body: Readable
}

const BUCKET_REMEMBERED_MS = 10_000

/**
 * The bucket as downloads use it.
 *
 * Every method throws ObjectStorageUnavailable when the store does not answer or fails, and ObjectStorageRefused when it
 * answers but refuses this service (credentials, clock skew, no such bucket, no permission).
 */
export class ObjectStorage {
  /** Files that are uploaded in parts. */
  readonly multipart: MultipartUploads
  readonly #connection: StoreConnection
  readonly #keyMaxBytes: number
  #bucketSeenAt = -Infinity

  /** @param onAttempt called for every request to the store */
  constructor (
    target: SigningTarget, timeouts: StoreTimeouts, onAttempt?: (attempt: StoreAttempt) => void, transport?: StoreTransport,
  ) {
    this.#connection = new StoreConnection(target, timeouts, onAttempt, transport)
    this.multipart = new MultipartUploads(this.#connection)
    this.#keyMaxBytes = OBJECT_KEY_MAX_BYTES - Buffer.byteLength(this.#connection.keyPrefix)
  }

  /** What the store currently says about a file; undefined if there is none. */
  async head (objectKey: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    return (await this.observe(objectKey, signal)).stored
  }

  /** What the store says about a file, undefined if there is none, and when it said so, by its own clock to the second. */
  async observe (
    objectKey: string, signal?: AbortSignal,
  ): Promise<{ stored: StoredObject | undefined, observedAt: Date }> {
    if (this.#isTooLong(objectKey)) return { stored: undefined, observedAt: new Date() }
    const response = await this.#connection.request({
      method: 'HEAD', objectKey, headers: checksumRequest, ...signal === undefined ? {} : { signal },
    })
    await response.body.dump()
    const observedAt = new Date(header(response, 'date') ?? Date.now())
    if (response.statusCode === 200) return { stored: describeStoredObject(response), observedAt }
    if (response.statusCode !== 404) return await this.#refuse(objectKey, response.statusCode)
    // An answer to HEAD has no body that would tell a missing file from a missing bucket.
    await this.#requireBucket()
    return { stored: undefined, observedAt }
  }

  /**
   * Like `observe`, but includes files that this service may not read; for those it returns what the bucket's listing says. An
   * upload's sender can cause this with headers that no signature covers: on Ceph RGW 16, `x-amz-grant-read` to anyone else
   * takes read permission away from the bucket's owner.
   */
  async observeCounted (objectKey: string): Promise<{ stored: CountedObject | undefined, observedAt: Date }> {
    try {
      const { stored, observedAt } = await this.observe(objectKey)
      return { stored: stored && { ...stored, isReadable: true }, observedAt }
    } catch (error) {
      if (!(error instanceof ObjectStorageRefused)) throw error
      // If the store also refuses the listing, it refuses this service rather than one file.
      return await this.#observeListed(objectKey).catch((failure: unknown) => {
        throw failure instanceof ObjectStorageRefused ? error : failure
      })
    }
  }

  /**
   * Opens a file for reading.
   *
   * @param options.range must lie inside the file that `options.ifMatch` names
   * @param options.ifMatch the entity tag that the file must still have
   * @returns undefined if there is no such file, `'changed'` if it no longer has the entity tag
   */
  async read (
    objectKey: string, options: { range?: ReadRange | undefined, ifMatch?: string | undefined, signal: AbortSignal },
  ): Promise<ObjectBody | 'changed' | undefined> {
    const opened = await this.open(objectKey, options)
    if (opened === undefined || opened === 'changed' || isSameRange(opened.range, options.range)) return opened
    discard(opened)
    throw new ObjectStorageRefused('its answer is of other bytes than were asked for')
  }

  /**
   * Opens a file about which nothing is known yet. The store interprets the range: `range` of the result says what it sent.
   *
   * @returns undefined if there is no such file, `'changed'` if it has another entity tag than `options.ifMatch`, or no byte of
   *   the range
   */
  async open (
    objectKey: string, options: { range?: NamedRange | undefined, ifMatch?: string | undefined, signal: AbortSignal },
  ): Promise<ObjectBody | 'changed' | undefined> {
    const { range, ifMatch, signal } = options
    if (this.#isTooLong(objectKey)) return undefined
    const response = await this.#connection.request({
      method: 'GET',
      objectKey,
      signal,
      streamed: true,
      headers: {
        // With a range, a store may name the checksum of a part.
        ...range === undefined ? checksumRequest : { range: formatRange(range) },
        ...ifMatch === undefined ? {} : { 'if-match': ifMatch },
      },
    })
    if (response.statusCode === 200 || (response.statusCode === 206 && range !== undefined)) {
      const { body } = response
      try {
        return { ...describePart(response), lengthBytes: readLength(response), body }
      } catch (error) {
        discard({ body })
        throw error
      }
    }
    const storeCode = await readErrorCode(response)
    if (response.statusCode === 412 || response.statusCode === 416) return 'changed'
    if (response.statusCode === 404 && storeCode !== 'NoSuchBucket') return undefined
    throw new ObjectStorageRefused(storeCode || `status ${response.statusCode}`)
  }

  /** Removes a file; a missing one is not an error. */
  async remove (objectKey: string): Promise<void> {
    if (this.#isTooLong(objectKey)) return
    const response = await this.#connection.request({ method: 'DELETE', objectKey })
    const storeCode = await readErrorCode(response)
    if (response.statusCode >= 300 && storeCode !== 'NoSuchKey') {
      throw new ObjectStorageRefused(storeCode || `status ${response.statusCode}`)
    }
  }

  /** Whether the bucket exists; also true if the credentials may not ask. */
  async bucketExists (signal?: AbortSignal): Promise<boolean> {
    const response = await this.#connection.request({ method: 'HEAD', objectKey: '', ...signal === undefined ? {} : { signal } })
    await response.body.dump()
    return response.statusCode !== 404
  }

  async close (): Promise<void> {
    await this.#connection.close()
  }

  /** Whether no file can be under a key, because with the prefix the name in the bucket exceeds S3's limit. */
  #isTooLong (objectKey: string): boolean {
    return objectKey.length > this.#keyMaxBytes || Buffer.byteLength(objectKey) > this.#keyMaxBytes
  }

  async #observeListed (objectKey: string): Promise<{ stored: CountedObject | undefined, observedAt: Date }> {
    const response = await requestListing(this.#connection, { prefix: objectKey, parameters: { 'max-keys': '1' } })
    const observedAt = new Date(header(response, 'date') ?? Date.now())
    // A key sorts before all keys of which it is a prefix.
    const [listed] = (await readListing(this.#connection, response)).objects
    if (listed?.objectKey !== objectKey) return { stored: undefined, observedAt }
    const { sizeBytes, entityTag = '' } = listed
    return { stored: { sizeBytes, entityTag: `"${entityTag}"`, contentType: undefined, isReadable: false }, observedAt }
  }

  /** Finds out why a HEAD was refused: only the answer to a GET carries the store's code. */
  async #refuse (objectKey: string, statusCode: number): Promise<never> {
    const response = await this.#connection.request({ method: 'GET', objectKey, headers: { range: 'bytes=0-0' } })
    throw new ObjectStorageRefused(await readErrorCode(response) || `status ${statusCode}`)
  }

  async #requireBucket (): Promise<void> {
    const now = performance.now()
    if (now - this.#bucketSeenAt < BUCKET_REMEMBERED_MS) return
    if (!await this.bucketExists()) throw new ObjectStorageRefused('NoSuchBucket')
    this.#bucketSeenAt = now
  }
}

/** What the headers of an answer to HEAD or GET say. */
export function describeStoredObject (response: StoreResponse): StoredObject {
  const contentRange = header(response, 'content-range')
  const entityTag = header(response, 'etag') ?? ''
  return {
    sizeBytes: contentRange === undefined ? readLength(response) : Number(contentRange.slice(contentRange.lastIndexOf('/') + 1)),
    entityTag: entityTag.startsWith('"') ? entityTag : `"${entityTag}"`,
    lastModified: new Date(header(response, 'last-modified') ?? 0),
    contentType: header(response, 'content-type'),
    contentEncoding: header(response, 'content-encoding'),
    checksums: readChecksums((name) => header(response, name)),
    crc32: readCrc32((name) => header(response, name)),
  }
}

/** @throws {ObjectStorageRefused} if a part does not say which one it is */
function describePart (response: StoreResponse): Pick<ObjectBody, 'stored' | 'range'> {
  const stored = describeStoredObject(response)
  if (response.statusCode === 200) return { stored, range: undefined }
  const range = readContentRange(header(response, 'content-range') ?? '')
  if (range === undefined) throw new ObjectStorageRefused('its answer has no Content-Range')
  return { stored: { ...stored, checksums: {}, crc32: undefined }, range }
}

/** Stops reading a file from which nothing more is needed. */
export function discard ({ body }: Pick<ObjectBody, 'body'>): void {
  body.on('error', () => {}).destroy()
}

/**
 * @throws {ObjectStorageRefused} if something in front of the store dropped the length, without which the end cannot be
 *   detected
 */
function readLength (response: StoreResponse): number {
  const length = header(response, 'content-length')
  if (length === undefined) throw new ObjectStorageRefused('its answer has no Content-Length')
  return Number(length)
}

function header ({ headers }: StoreResponse, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}
