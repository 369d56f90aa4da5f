import { PARTS_MAX, type DescribedPart, findPartFault } from '../objects/part-layout.js'
import type { StoredPart } from '../store/multipart-documents.js'
import type { MultipartUploads, StoreUpload } from '../store/multipart-uploads.js'
import type { ObjectStorage } from '../store/object-storage.js'
import type { OpenUpload } from './upload-id.js'

/** The outcome of completing an upload. A fault can be corrected, and the upload stays open. */
export type CompletionOutcome = 'completed' | 'not-found' | { fault: string }

const PAGE_PARTS = 1_000

/**
 * Creates the file from an upload's parts, if these add up to the file that was stated. The parts in the store decide, whatever
 * the sender says about them. If the upload is gone but its file exists, an earlier request has completed it.
 *
 * @param options.isOpen whether its place is still kept; otherwise nothing new is completed
 * @param options.stated the parts as the sender names them, if it does
 * @throws as the methods of the storage do
 */
export async function completeUpload (
  storage: Pick<ObjectStorage, 'multipart' | 'head'>, upload: OpenUpload,
  { isOpen, stated }: { isOpen: boolean, stated: readonly DescribedPart[] | undefined },
): Promise<CompletionOutcome> {
  const parts = isOpen ? await listAllParts(storage, upload) : undefined
  if (parts !== undefined) {
    const fault = findPartFault(upload, parts, stated)
    if (fault !== undefined) return { fault }
    const outcome = await storage.multipart.complete(upload, parts)
    if (outcome === 'completed') return 'completed'
    if (outcome === 'other-parts') return { fault: 'a part was sent again meanwhile' }
  }
  return (await storage.head(upload.objectKey))?.sizeBytes === upload.sizeBytes ? 'completed' : 'not-found'
}

/** Every part that has arrived, in the order of their numbers, 10,000 at most; undefined if the upload is gone. */
export async function listAllParts (
  { multipart }: { multipart: Pick<MultipartUploads, 'listParts'> }, upload: StoreUpload,
): Promise<StoredPart[] | undefined> {
  const parts: StoredPart[] = []
  for (let after = 0, hasMore = true; hasMore;) {
    const page = await multipart.listParts(upload, { after, limit: PAGE_PARTS })
    if (page === undefined) return undefined
    parts.push(...page.parts)
    const last = page.parts.at(-1)?.partNumber ?? PARTS_MAX
    hasMore = page.isTruncated && last > after
    after = last
  }
  return parts
}
