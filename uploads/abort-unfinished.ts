import { bulkhead } from 'cockatiel'
import type { DatabaseHandle } from '../db/connection/tables.js'
import { type UploadPlace, forgetAbandonedUpload, readUploadPlaces } from '../db/open-uploads.js'
import { ObjectStorageRefused } from '../store/failures.js'
import type { MultipartUploads } from '../store/multipart-uploads.js'
import { type MeasuredRange, type UnfinishedUpload, measureUploads } from './unfinished-uploads.js'

/** An unfinished upload in the bucket, and what the catalogue knows about it. */
export interface KnownUpload extends UnfinishedUpload {
  /**
   * `open` if its sender may still complete it, `given-up` if its place is no longer kept, `other` if it was never recorded.
   */
  state: 'open' | 'given-up' | 'other'
}

/** What became of an upload. */
export type AbortOutcome = 'listed' | 'open' | 'aborted' | 'refused'

/** Some uploads, among those that were looked at. */
export interface KnownPage {
  /** How many the store listed, including those that are too recent. */
  seen: number
  known: Array<KnownUpload & { outcome: AbortOutcome }>
}

const ABORTED_MAX_CONCURRENT = 4

/**
 * Lists unfinished uploads, page by page, with what the catalogue knows about them.
 *
 * @throws as `measureUploads` and the database do
 */
export async function * listUnfinishedUploads (
  database: DatabaseHandle, multipart: Pick<MultipartUploads, 'list' | 'listParts'>, range: MeasuredRange,
): AsyncGenerator<KnownPage, undefined> {
  for await (const { seen, measured } of measureUploads(multipart, range)) {
    // Asked after they were listed: a place is reserved before its upload begins, and one that is not kept is never kept again.
    // So what its sender can still complete is always found to be open.
    const places = await readUploadPlaces(database, measured.map(({ objectKey }) => objectKey))
    yield { seen, known: measured.map((upload) => ({ ...upload, state: stateOf(upload, places), outcome: 'listed' })) }
  }
}

/**
 * Aborts unfinished uploads, no matter who began them, except those that are open; records of the aborted ones are deleted,
 * too. One that the store refuses to abort does not hold up the others.
 *
 * @throws as `listUnfinishedUploads` does; {ObjectStorageUnavailable}
 */
export async function * abortUnfinishedUploads (
  database: DatabaseHandle, multipart: Pick<MultipartUploads, 'list' | 'listParts' | 'abort'>, range: MeasuredRange,
): AsyncGenerator<KnownPage, undefined> {
  const turns = bulkhead(ABORTED_MAX_CONCURRENT, Infinity)
  const abort = async (upload: KnownUpload): Promise<AbortOutcome> => {
    range.signal?.throwIfAborted()
    try {
      await multipart.abort(upload)
    } catch (error) {
      if (error instanceof ObjectStorageRefused) return 'refused'
      throw error
    }
    if (upload.state === 'given-up') await forgetAbandonedUpload(database, upload)
    return 'aborted'
  }
  for await (const { seen, known } of listUnfinishedUploads(database, multipart, range)) {
    yield {
      seen,
      known: await Promise.all(known.map(async (upload) => (
        { ...upload, outcome: upload.state === 'open' ? 'open' : await turns.execute(() => abort(upload)) }))),
    }
  }
}

function stateOf ({ objectKey, storeUploadId }: UnfinishedUpload, places: ReadonlyMap<string, UploadPlace>): KnownUpload['state'] {
  const place = places.get(objectKey)
  if (place === undefined) return 'other'
  // The id is noted just after the upload has begun.
  if (place.isKept && (place.storeUploadId === null || place.storeUploadId === storeUploadId)) return 'open'
  return place.storeUploadId === storeUploadId ? 'given-up' : 'other'
}
