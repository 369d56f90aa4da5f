import { bulkhead } from 'cockatiel'
import type { DatabaseHandle } from '../db/connection/tables.js'
import type { LeaseClaim } from '../db/leases.js'
import { type LookTimes, type UnfinishedSum, addToLook, beginLook, endLook } from '../db/usage/unfinished.js'
import { orgKeyOfPrefix, parseObjectKey } from '../objects/object-key.js'
import type { ListedUpload } from '../store/multipart-documents.js'
import type { MultipartUploads } from '../store/multipart-uploads.js'
import type { UploadsRange } from '../store/upload-listing.js'
import { listAllParts } from './complete-upload.js'

/** An unfinished upload in the bucket, whoever began it. */
export interface UnfinishedUpload extends ListedUpload {
  /** The bytes of the parts that have arrived. */
  partBytes: number
}

/** Which uploads to measure. */
export interface MeasuredRange extends UploadsRange {
  /** Only those that began at least this long ago, by the store's clock, to the second. */
  minAgeMs?: number
}

/** What a look found in total, including keys that name no organisation. */
export interface UnfinishedTotal {
  uploadCount: number
  partBytes: bigint
}

type Listed = Pick<MultipartUploads, 'list' | 'listParts'>

const MEASURED_MAX_CONCURRENT = 4

/**
 * Lists unfinished uploads with the bytes that have arrived for each, page by page, in constant memory. Uploads that end
 * meanwhile are left out.
 *
 * @returns an iterator of pages, with how many uploads the store listed in each
 * @throws as `multipart.list` and `multipart.listParts` do
 */
export async function * measureUploads (
  multipart: Listed, { minAgeMs = -Infinity, ...range }: MeasuredRange,
): AsyncGenerator<{ seen: number, measured: UnfinishedUpload[] }, undefined> {
  const places = bulkhead(MEASURED_MAX_CONCURRENT, Infinity)
  const measure = async (upload: ListedUpload): Promise<UnfinishedUpload[]> => {
    range.signal?.throwIfAborted()
    const parts = await listAllParts({ multipart }, upload)
    return parts === undefined ? [] : [{ ...upload, partBytes: parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) }]
  }
  for await (const { uploads, answeredAt } of multipart.list(range)) {
    const wanted = uploads.filter(({ beganAt }) => answeredAt.getTime() - beganAt.getTime() >= minAgeMs)
    const measured = await Promise.all(wanted.map((upload) => places.execute(() => measure(upload))))
    yield { seen: uploads.length, measured: measured.flat() }
  }
}

/**
 * Looks at the bucket's unfinished uploads, recorded ones and others, if that is due, and records how many bytes each
 * organisation and user has in them. A look that breaks off leaves the figures of the last one as they are.
 *
 * @returns undefined if no look is due
 * @throws as `measureUploads` and the database do; {LeaseLostError}
 */
export async function lookAtUnfinishedUploads (
  { database, lease, multipart }: { database: DatabaseHandle, lease: LeaseClaim, multipart: Listed },
  times: LookTimes, signal: AbortSignal,
): Promise<UnfinishedTotal | undefined> {
  const lookId = await beginLook(database, lease, times)
  if (lookId === undefined) return undefined
  const total = { uploadCount: 0, partBytes: 0n }
  for await (const { measured } of measureUploads(multipart, { prefix: '', signal })) {
    for (const { partBytes } of measured) total.partBytes += BigInt(partBytes)
    total.uploadCount += measured.length
    await addToLook(database, lease, lookId, sumUp(measured))
  }
  await endLook(database, lease, lookId)
  return total
}

function sumUp (uploads: readonly UnfinishedUpload[]): UnfinishedSum[] {
  const sums = new Map<string, UnfinishedSum>()
  for (const { objectKey, partBytes } of uploads) {
    const orgKey = orgKeyOfPrefix(objectKey)
    if (orgKey === undefined) continue
    const createdBy = parseObjectKey(objectKey)?.createdBy ?? null
    const name = `${orgKey}/${createdBy}`
    const sum = sums.get(name) ?? { orgKey, createdBy, partBytes: 0n }
    sum.partBytes += BigInt(partBytes)
    sums.set(name, sum)
  }
  return [...sums.values()]
}
