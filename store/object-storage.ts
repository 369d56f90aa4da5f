import type { Readable } from 'node:stream'
import type { SigningTarget } from './presigning.js'
import { type StoreAttempt, StoreConnection, type StoreResponse, type StoreTimeouts, readErrorCode, readText } from './connection.js'
import { ObjectStorageRefused } from './failures.js'
import { readListingDocument } from './listing-document.js'
import { requestListing } from './listing-request.js'

/** What object storage says of a file. */
export interface StoredObject {
  sizeBytes: number
  /** Strong and quoted, as in an ETag header. */
  entityTag: string
  lastModified: Date
  contentType: string | undefined
  contentEncoding: string | undefined
}

/** What there is to know of a file without reading it. */
export interface CountedObject extends Pick<StoredObject, 'sizeBytes' | 'entityTag' | 'contentType'> {
  /** Whether the credentials may read it. */
  isReadable: boolean
}

/** A range of bytes, both ends included. */
export interface ReadRange {
  first: number
  last: number
}

/** A file, or a part of it, being read. */
export interface ObjectBody {
  stored: StoredObject
  /** Bytes that `body` gives: of the range where one was asked for. */
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
  readonly #connection: StoreConnection
  #bucketSeenAt = -Infinity

  /** @param onAttempt hears of every request to the store */
  constructor (target: SigningTarget, timeouts: StoreTimeouts, onAttempt?: (attempt: StoreAttempt) => void) {
    this.#connection = new StoreConnection(target, timeouts, onAttempt)
  }

  /** What the store says of a file now; undefined when there is none. */
  async head (objectKey: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    return (await this.observe(objectKey, signal)).stored
  }

  /** What the store says of a file, undefined when there is none, and when it said so, by its own clock to the second. */
  async observe (
    objectKey: string, signal?: AbortSignal,
  ): Promise<{ stored: StoredObject | undefined, observedAt: Date }> {
    const response = await this.#connection.request({ method: 'HEAD', objectKey, ...signal === undefined ? {} : { signal } })
    await response.body.dump()
    const observedAt = new Date(header(response, 'date') ?? Date.now())
    if (response.statusCode === 200) return { stored: describeStoredObject(response), observedAt }
    if (response.statusCode !== 404) return await this.#refuse(objectKey, response.statusCode)
    // An answer to HEAD has no body that would tell a missing file from a missing bucket.
    await this.#requireBucket()
    return { stored: undefined, observedAt }
  }

  /**
   * As `observe`, but also of a file that the store keeps from this service: of that one, what the bucket's listing says. An
   * upload's sender can bring that about by headers that no signature covers: on Ceph RGW 16, `x-amz-grant-read` to anyone
   * else takes the reading from the bucket's owner.
   */
  async observeCounted (objectKey: string): Promise<{ stored: CountedObject | undefined, observedAt: Date }> {
    try {
      const { stored, observedAt } = await this.observe(objectKey)
      return { stored: stored && { ...stored, isReadable: true }, observedAt }
    } catch (error) {
      if (!(error instanceof ObjectStorageRefused)) throw error
      // Where it refuses the listing, too, the refusal is of this service and not of one file.
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
   * @returns undefined when there is no such file, `'changed'` when it no longer has the entity tag
   */
  async read (
    objectKey: string, options: { range?: ReadRange | undefined, ifMatch?: string | undefined, signal: AbortSignal },
  ): Promise<ObjectBody | 'changed' | undefined> {
    const { range, ifMatch, signal } = options
    const response = await this.#connection.request({
      method: 'GET',
      objectKey,
      signal,
      streamed: true,
      headers: {
        ...range === undefined ? {} : { range: `bytes=${range.first}-${range.last}` },
        ...ifMatch === undefined ? {} : { 'if-match': ifMatch },
      },
    })
    if (response.statusCode === (range === undefined ? 200 : 206)) {
      const { body } = response
      try {
        return { stored: describeStoredObject(response), lengthBytes: readLength(response), body }
      } catch (error) {
        body.on('error', () => {}).destroy()
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
    const response = await this.#connection.request({ method: 'DELETE', objectKey })
    const storeCode = await readErrorCode(response)
    if (response.statusCode >= 300 && storeCode !== 'NoSuchKey') {
      throw new ObjectStorageRefused(storeCode || `status ${response.statusCode}`)
    }
  }

  /** Whether the bucket is there; also true where the credentials may not ask. */
  async bucketExists (signal?: AbortSignal): Promise<boolean> {
    const response = await this.#connection.request({ method: 'HEAD', objectKey: '', ...signal === undefined ? {} : { signal } })
    await response.body.dump()
    return response.statusCode !== 404
  }

  async close (): Promise<void> {
    await this.#connection.close()
  }

  async #observeListed (objectKey: string): Promise<{ stored: CountedObject | undefined, observedAt: Date }> {
    const response = await requestListing(this.#connection, { 'max-keys': '1', prefix: objectKey })
    const observedAt = new Date(header(response, 'date') ?? Date.now())
    // A key comes before those that it is the beginning of.
    const [listed] = readListingDocument(await readText(response)).objects
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
  }
}

/** @throws {ObjectStorageRefused} where something before the store has dropped the length, without which no end can be told */
function readLength (response: StoreResponse): number {
  const length = header(response, 'content-length')
  if (length === undefined) throw new ObjectStorageRefused('its answer has no Content-Length')
  return Number(length)
}

function header ({ headers }: StoreResponse, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}
