import { createSealer } from '../sealing/sealed-text.js'
import type { SealingSecrets } from '../sealing/rotating-secrets.js'
import type { StoreUpload } from '../store/multipart-uploads.js'
import type { PartLayout } from '../objects/part-layout.js'

/** What is sealed in the id of an upload in parts. */
export interface OpenUpload extends StoreUpload, PartLayout {
  contentType: string
}

/** Who began an upload; nobody else may continue it. */
interface UploadOwner {
  orgKey: string
  userId: string
}

/** Seals what the service must know about an upload into the id that its sender gets. */
export interface UploadIds {
  seal: (owner: UploadOwner, upload: OpenUpload) => string
  /** Undefined if the id is not one that `seal` made for the same owner. */
  open: (owner: UploadOwner, uploadId: string) => OpenUpload | undefined
}

// None of the sealed fields can contain it.
const SEPARATOR = '\0'

/** Creates ids that reveal nothing and cannot be forged: the object key in them is a secret. */
export function createUploadIds (secrets: SealingSecrets): UploadIds {
  const { seal, open } = createSealer(secrets, 'upload id')
  return {
    seal: (owner, { objectKey, storeUploadId, sizeBytes, partSizeBytes, contentType }) =>
      seal(scopeOf(owner), Buffer.from([objectKey, storeUploadId, sizeBytes, partSizeBytes, contentType].join(SEPARATOR))),
    open: (owner, uploadId) => {
      const content = open(scopeOf(owner), uploadId)?.toString()
      if (content === undefined) return undefined
      const [objectKey = '', storeUploadId = '', sizeBytes, partSizeBytes, contentType = ''] = content.split(SEPARATOR)
      return { objectKey, storeUploadId, sizeBytes: Number(sizeBytes), partSizeBytes: Number(partSizeBytes), contentType }
    },
  }
}

function scopeOf ({ orgKey, userId }: UploadOwner): string {
  return `${orgKey}/${userId}`
}
