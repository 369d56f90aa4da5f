import { type ArrivedParts, bytesOfPart, listArrived, partNumbersOf } from './arrived-parts.js'
import { inParallel } from './in-parallel.js'
import { PartUrls } from './part-urls.js'
import { retrying } from './retries.js'
import { askService } from './service-answer.js'
import { putToStore } from './store-put.js'
import { type UploadContext, modificationOf } from './upload-context.js'
import { UploadError, hasCode } from './upload-error.js'
import type { ResumePoint, UploadOptions, UploadedFile } from './upload-options.js'

const CONCURRENCY = 4
/** How often a part's URL is signed again after the storage has refused it. */
const REFUSALS_MAX = 3
/** How often completion is tried if the storage has other parts than those that were sent. */
const COMPLETIONS_MAX = 3
/** How long the storage may take to join the parts to a file. */
const COMPLETION_TIMEOUT_MS = 600_000

interface PartsInHand {
  point: ResumePoint
  urls: PartUrls
  arrived: ArrivedParts
}

/** Begins an upload in parts; the answer has the first URLs. */
export async function beginParts (file: Blob, context: UploadContext, options: UploadOptions): Promise<PartsInHand> {
  const { client, patience, request } = context
  const { partSizeBytes: wanted } = options
  const body = { ...request, multipart: true, ...wanted === undefined ? {} : { partSizeBytes: wanted } }
  const { objectKey, uploadId = '', partSizeBytes = 0, parts = [], expiresAt } =
    await askService(patience, (signal) => client.POST('/api/v1/objects/uploads', { body, signal }))
  const lastModified = modificationOf(file)
  const point = {
    uploadId, objectKey, sizeBytes: file.size, partSizeBytes, ...lastModified === undefined ? {} : { lastModified },
  }
  await options.onBegin?.(point)
  return { point, urls: new PartUrls(context, uploadId, { parts, expiresAt }), arrived: new Map() }
}

/**
 * Finds out which parts of an upload have arrived.
 *
 * @returns the file, if an upload whose last answer was lost turns out to be complete
 * @throws {UploadError} FILE_CHANGED if it was begun with another file, UPLOAD_NOT_FOUND if it was aborted
 */
export async function resumeParts (
  file: Blob, context: UploadContext, point: ResumePoint,
): Promise<PartsInHand | UploadedFile> {
  if (file.size !== point.sizeBytes || (point.lastModified ?? modificationOf(file)) !== modificationOf(file)) {
    throw new UploadError('FILE_CHANGED', 'The file is not the one that the upload was begun with.')
  }
  try {
    return { point, urls: new PartUrls(context, point.uploadId), arrived: await listArrived(context, point) }
  } catch (error) {
    if (hasCode(error, 'UPLOAD_NOT_FOUND')) return await complete(context, point)
    throw error
  }
}

/** Sends the parts that have not arrived, and completes the upload. */
export async function finishParts (
  file: Blob, context: UploadContext, inHand: PartsInHand, { concurrency = CONCURRENCY, onProgress }: UploadOptions,
): Promise<UploadedFile> {
  const { point } = inHand
  const { signal } = context.patience
  let { arrived } = inHand
  const report = () => {
    const sentBytes = [...arrived.keys()].reduce((sum, partNumber) => sum + bytesOfPart(point, partNumber), 0)
    onProgress?.({ sentBytes, sizeBytes: point.sizeBytes })
  }
  for (let count = 1; ; count++) {
    report()
    const missing = partNumbersOf(point).filter((partNumber) => !arrived.has(partNumber))
    await inParallel(missing, { concurrency, signal }, async (partNumber, signal) => {
      const ofPart = { ...context, patience: { ...context.patience, signal } }
      arrived.set(partNumber, await sendPart(file, ofPart, inHand, partNumber, missing))
      report()
    })
    try {
      return await complete(context, point, arrived)
    } catch (error) {
      if (!hasCode(error, 'UPLOAD_INCOMPLETE') || count === COMPLETIONS_MAX) throw error
      arrived = keepSent(await listArrived(context, point), arrived)
    }
  }
}

/** The parts in the storage that were sent from here: a part whose tag differs from the one received for it is not ours. */
function keepSent (stored: ArrivedParts, sent: ArrivedParts): ArrivedParts {
  return new Map([...stored].filter(([partNumber, entityTag]) => (sent.get(partNumber) ?? entityTag) === entityTag))
}

async function sendPart (
  file: Blob, { patience, fetch }: UploadContext, { point, urls }: PartsInHand, partNumber: number, next: readonly number[],
): Promise<string | null> {
  const start = (partNumber - 1) * point.partSizeBytes
  const body = file.slice(start, start + bytesOfPart(point, partNumber))
  let refusals = 0
  return await retrying(patience, async () => {
    const url = await urls.get(partNumber, next)
    try {
      return await putToStore(patience, { url, body, fetch })
    } catch (error) {
      if (!hasCode(error, 'STORE_REFUSED') || ++refusals > REFUSALS_MAX) throw error
      urls.forget(url)
      const { code, message, status } = error
      throw new UploadError(code, message, { ...status === undefined ? {} : { status }, isTransient: true, retryAfterMs: 0 })
    }
  })
}

/** Completes the upload; repeats that if the answer is lost. Parts with unknown tags are accepted as the storage has them. */
async function complete (
  { client, patience }: UploadContext, { uploadId }: ResumePoint, arrived: ArrivedParts = new Map(),
): Promise<UploadedFile> {
  const parts = [...arrived].sort(([one], [other]) => one - other)
    .flatMap(([partNumber, entityTag]) => entityTag === null ? [] : [{ partNumber, entityTag }])
  const body = { uploadId, ...parts.length > 0 && parts.length === arrived.size ? { parts } : {} }
  const lenient = { ...patience, timeoutMs: Math.max(patience.timeoutMs, COMPLETION_TIMEOUT_MS) }
  return await askService(lenient, (signal) => client.POST('/api/v1/objects/uploads/complete', { body, signal }))
}
