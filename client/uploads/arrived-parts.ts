import { askService } from './service-answer.js'
import type { UploadContext } from './upload-context.js'
import type { ResumePoint } from './upload-options.js'

/** The complete parts in the storage, by number, with their entity tags; null for a tag that could not be read. */
export type ArrivedParts = Map<number, string | null>

/**
 * Reads which parts of an upload have arrived in the storage.
 *
 * @throws {UploadError} UPLOAD_NOT_FOUND, also once it is complete
 */
export async function listArrived ({ client, patience }: UploadContext, point: ResumePoint): Promise<ArrivedParts> {
  const { uploadId } = point
  const arrived: ArrivedParts = new Map()
  let after = 0
  while (true) {
    const query = { uploadId, after }
    const page = await askService(patience, (signal) => client.GET('/api/v1/objects/uploads/parts', { params: { query }, signal }))
    for (const { partNumber, sizeBytes, entityTag } of page.parts) {
      if (sizeBytes === bytesOfPart(point, partNumber)) arrived.set(partNumber, entityTag)
    }
    if (page.nextAfter === null) return arrived
    after = page.nextAfter
  }
}

/** The numbers of all parts, in order. */
export function partNumbersOf ({ sizeBytes, partSizeBytes }: ResumePoint): number[] {
  return Array.from({ length: Math.ceil(sizeBytes / partSizeBytes) }, (_, index) => index + 1)
}

/** How many bytes a part has: all have the same size, except for the last one. */
export function bytesOfPart ({ sizeBytes, partSizeBytes }: ResumePoint, partNumber: number): number {
  return Math.min(partSizeBytes, sizeBytes - (partNumber - 1) * partSizeBytes)
}
