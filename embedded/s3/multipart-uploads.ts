import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { compareObjectKeys } from '../../objects/key-order.js'
import { type StoredObjects } from './stored-objects.js'
import { S3Error } from './s3-error.js'
import { type PendingFile, SealedFile } from './sealed-file.js'

/** Every part but the last must have it. */
const PART_MIN_BYTES = 5 * 1024 ** 2
const DESCRIPTION = 'upload'

/** A part that was uploaded. */
interface UploadedPart {
  partNumber: number
  /** Without quotes. */
  etag: string
  sizeBytes: number
  lastModifiedMs: number
}

/** A part as a client names it. */
export type ChosenPart = Pick<UploadedPart, 'partNumber' | 'etag'>

/** An upload that was begun and neither completed nor aborted. */
export interface MultipartUpload {
  uploadId: string
  objectKey: string
  initiatedMs: number
  /** For the object that it will be. */
  headers: Record<string, string>
  parts: Map<number, UploadedPart>
}

/** The unfinished multipart uploads of a bucket. They outlive a restart, as on S3. */
export class MultipartUploads {
  readonly #folder: string
  readonly #objects: StoredObjects
  readonly #uploads = new Map<string, MultipartUpload>()

  private constructor (folder: string, objects: StoredObjects) {
    this.#folder = folder
    this.#objects = objects
  }

  /** Opens a folder, making it if need be. What an earlier process left of an upload without a description is removed. */
  static open (folder: string, objects: StoredObjects): MultipartUploads {
    mkdirSync(folder, { recursive: true })
    const uploads = new MultipartUploads(folder, objects)
    for (const uploadId of readdirSync(folder)) uploads.#load(uploadId)
    return uploads
  }

  async initiate (objectKey: string, headers: Record<string, string>): Promise<MultipartUpload> {
    // A letter first, lest a client take the identifier for a number.
    const uploadId = `u${randomBytes(16).toString('hex')}`
    const upload: MultipartUpload = { uploadId, objectKey, initiatedMs: Date.now(), headers, parts: new Map() }
    await mkdir(join(this.#folder, upload.uploadId))
    const file = await this.#objects.createFile()
    try {
      file.seal(this.#pathOf(upload, DESCRIPTION), { objectKey, etag: '', lastModifiedMs: upload.initiatedMs, headers })
    } finally {
      await file.close()
    }
    this.#uploads.set(upload.uploadId, upload)
    return upload
  }

  /** @throws {S3Error} NoSuchUpload where this key has no upload with this identifier */
  find (uploadId: string, objectKey: string): MultipartUpload {
    const upload = this.#uploads.get(uploadId)
    if (upload?.objectKey !== objectKey) throw new S3Error('NoSuchUpload')
    return upload
  }

  /** In the order of keys, those of one key in the order of their beginning. */
  list (): MultipartUpload[] {
    return [...this.#uploads.values()].sort((one, other) => compareObjectKeys(one.objectKey, other.objectKey) ||
      one.initiatedMs - other.initiatedMs || compareObjectKeys(one.uploadId, other.uploadId))
  }

  /**
   * Makes a complete file a part, replacing the one of its number.
   *
   * @throws {S3Error} NoSuchUpload where the upload has ended meanwhile
   */
  commitPart (upload: MultipartUpload, partNumber: number, file: PendingFile, etag: string): void {
    this.#requireRunning(upload)
    const lastModifiedMs = Date.now()
    file.seal(this.#pathOf(upload, String(partNumber)), { objectKey: upload.objectKey, etag, lastModifiedMs, headers: {} })
    upload.parts.set(partNumber, { partNumber, etag, lastModifiedMs, sizeBytes: file.sizeBytes })
  }

  /**
   * Puts an object together from parts.
   *
   * @param chosen numbers and entity tags of the parts, in order
   * @returns the object's entity tag
   * @throws {S3Error} InvalidPart, InvalidPartOrder, EntityTooSmall, PreconditionFailed; NoSuchUpload where the upload has
   *   ended meanwhile
   */
  async complete (
    upload: MultipartUpload, chosen: readonly ChosenPart[], mustBeNew: boolean,
  ): Promise<string> {
    checkParts(upload, chosen)
    const { objectKey, headers } = upload
    const etag = `${hashOfHashes(chosen.map((part) => part.etag))}-${chosen.length}`
    const file = await this.#objects.createFile()
    try {
      for (const part of chosen) await this.#appendPart(upload, part, file)
      this.#requireRunning(upload)
      this.#objects.commit(file, { objectKey, etag, headers }, { eventName: 'ObjectCreated:CompleteMultipartUpload', mustBeNew })
      this.#uploads.delete(upload.uploadId)
    } finally {
      await file.close()
    }
    await this.#removeFiles(upload)
    return etag
  }

  async abort (upload: MultipartUpload): Promise<void> {
    this.#requireRunning(upload)
    this.#uploads.delete(upload.uploadId)
    await this.#removeFiles(upload)
  }

  async #appendPart (upload: MultipartUpload, { partNumber, etag }: ChosenPart, file: PendingFile): Promise<void> {
    const part = SealedFile.open(this.#pathOf(upload, String(partNumber)))
    try {
      if (part?.metadata.etag !== etag) throw new S3Error('InvalidPart')
      if (part.sizeBytes === 0) return
      const bytes: AsyncIterable<Buffer> = part.stream(0, part.sizeBytes - 1)
      for await (const chunk of bytes) await file.write(chunk)
    } finally {
      part?.close()
    }
  }

  #requireRunning (upload: MultipartUpload): void {
    if (this.#uploads.get(upload.uploadId) !== upload) throw new S3Error('NoSuchUpload')
  }

  #load (uploadId: string): void {
    const folder = join(this.#folder, uploadId)
    const description = SealedFile.open(join(folder, DESCRIPTION))
    if (description === undefined) {
      rmSync(folder, { recursive: true, force: true })
      return
    }
    description.close()
    const { objectKey, lastModifiedMs: initiatedMs, headers } = description.metadata
    const parts = new Map<number, UploadedPart>()
    for (const name of readdirSync(folder)) {
      const part = name === DESCRIPTION ? undefined : SealedFile.open(join(folder, name))
      if (part === undefined) continue
      part.close()
      const { etag, lastModifiedMs } = part.metadata
      parts.set(Number(name), { partNumber: Number(name), etag, lastModifiedMs, sizeBytes: part.sizeBytes })
    }
    this.#uploads.set(uploadId, { uploadId, objectKey, initiatedMs, headers, parts })
  }

  async #removeFiles ({ uploadId }: MultipartUpload): Promise<void> {
    await rm(join(this.#folder, uploadId), { recursive: true, force: true })
  }

  #pathOf ({ uploadId }: MultipartUpload, name: string): string {
    return join(this.#folder, uploadId, name)
  }
}

function checkParts ({ parts }: MultipartUpload, chosen: readonly ChosenPart[]): void {
  const isOrdered = chosen.every(({ partNumber }, index) => partNumber > (chosen[index - 1]?.partNumber ?? 0))
  if (!isOrdered) throw new S3Error('InvalidPartOrder')
  chosen.forEach(({ partNumber, etag }, index) => {
    const part = parts.get(partNumber)
    if (part?.etag !== etag) throw new S3Error('InvalidPart')
    if (index < chosen.length - 1 && part.sizeBytes < PART_MIN_BYTES) throw new S3Error('EntityTooSmall')
  })
}

// How S3 makes the entity tag of such an object: the MD5 of the parts' binary MD5s.
function hashOfHashes (etags: string[]): string {
  return createHash('md5').update(Buffer.from(etags.join(''), 'hex')).digest('hex')
}
