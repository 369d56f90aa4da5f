import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { compareObjectKeys } from '../../objects/key-order.js'
import { type ChangeCondition } from './conditions.js'
import { type ChecksumPlan, type ExpectedObjectChecksum, ObjectChecksum } from './multipart-checksum.js'
import { type ChosenPart, type UploadedPart, compositeEntityTag, describeParts, findParts } from './multipart-parts.js'
import { type ReceivedPayload } from './payload.js'
import { type StoredPayload } from './object-writing.js'
import { type StoredObjects } from './stored-objects.js'
import { S3Error } from './s3-error.js'
import { type PendingFile, SealedFile } from './sealed-file.js'

const DESCRIPTION = 'upload'

/** An upload that was begun and neither completed nor aborted. */
export interface MultipartUpload {
  uploadId: string
  objectKey: string
  initiatedMs: number
  /** Headers for the resulting object. */
  headers: Record<string, string>
  /** Checksum for the resulting object. */
  checksum?: ChecksumPlan
  parts: Map<number, UploadedPart>
}

/** What a client says about the object when it completes an upload. */
export interface ExpectedObject extends ExpectedObjectChecksum {
  condition: ChangeCondition
  sizeBytes?: number
}

/** The unfinished multipart uploads of a bucket. They survive a restart, as on S3. */
export class MultipartUploads {
  readonly #folder: string
  readonly #objects: StoredObjects
  readonly #uploads = new Map<string, MultipartUpload>()

  private constructor (folder: string, objects: StoredObjects) {
    this.#folder = folder
    this.#objects = objects
  }

  /**
   * Opens a folder, creating it if need be. Remains of uploads without a description, left by an earlier process, are removed.
   */
  static open (folder: string, objects: StoredObjects): MultipartUploads {
    mkdirSync(folder, { recursive: true })
    const uploads = new MultipartUploads(folder, objects)
    for (const uploadId of readdirSync(folder)) uploads.#load(uploadId)
    return uploads
  }

  async initiate (objectKey: string, headers: Record<string, string>, checksum?: ChecksumPlan): Promise<MultipartUpload> {
    // Begins with a letter, so that no client takes the identifier for a number.
    const uploadId = `u${randomBytes(16).toString('hex')}`
    const planned = checksum === undefined ? {} : { checksum }
    const upload: MultipartUpload = { uploadId, objectKey, initiatedMs: Date.now(), headers, ...planned, parts: new Map() }
    await mkdir(join(this.#folder, upload.uploadId))
    const file = await this.#objects.createFile()
    try {
      file.seal(this.#pathOf(upload, DESCRIPTION), {
        objectKey,
        etag: '',
        lastModifiedMs: upload.initiatedMs,
        headers,
        ...checksum === undefined ? {} : { checksum: { ...checksum, value: '' } },
      })
    } finally {
      await file.close()
    }
    this.#uploads.set(upload.uploadId, upload)
    return upload
  }

  /** @throws {S3Error} NoSuchUpload if this key has no upload with this identifier */
  find (uploadId: string, objectKey: string): MultipartUpload {
    const upload = this.#uploads.get(uploadId)
    if (upload?.objectKey !== objectKey) throw new S3Error('NoSuchUpload')
    return upload
  }

  /** In the order of keys; the uploads of one key in the order in which they were begun. */
  list (): MultipartUpload[] {
    return [...this.#uploads.values()].sort((one, other) => compareObjectKeys(one.objectKey, other.objectKey) ||
      one.initiatedMs - other.initiatedMs || compareObjectKeys(one.uploadId, other.uploadId))
  }

  /**
   * Makes a complete file a part, replacing any part of the same number.
   *
   * @throws {S3Error} NoSuchUpload if the upload has ended meanwhile
   */
  commitPart (
    upload: MultipartUpload, partNumber: number, file: PendingFile, { md5, checksum }: ReceivedPayload,
  ): StoredPayload {
    if (!this.#isRunning(upload)) throw new S3Error('NoSuchUpload')
    const stored = { etag: md5.toString('hex'), ...checksum === undefined ? {} : { checksum } }
    const lastModifiedMs = Date.now()
    file.seal(this.#pathOf(upload, String(partNumber)), { objectKey: upload.objectKey, lastModifiedMs, headers: {}, ...stored })
    upload.parts.set(partNumber, { partNumber, lastModifiedMs, sizeBytes: file.sizeBytes, ...stored })
    return stored
  }

  /**
   * Assembles an object from parts. After that, and until the object is replaced or removed, a repeated request gets the same
   * answer, since the first one may have been lost.
   *
   * @param chosen numbers and entity tags of the parts, in order
   * @throws {S3Error} InvalidPart, InvalidPartOrder, EntityTooSmall, InvalidRequest, BadDigest; the error of a condition that
   *   does not hold; NoSuchUpload if this key has no upload with this identifier
   */
  async complete (
    uploadId: string, objectKey: string, chosen: readonly ChosenPart[], expected: ExpectedObject,
  ): Promise<StoredPayload> {
    const upload = this.#uploads.get(uploadId)
    if (upload?.objectKey !== objectKey) return this.#completedBefore(uploadId, objectKey, chosen)
    const parts = findParts(upload.parts, chosen)
    const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0)
    if ((expected.sizeBytes ?? sizeBytes) !== sizeBytes) throw new S3Error('InvalidRequest', 'The object has another size.')
    const objectChecksum = new ObjectChecksum(upload.checksum, expected)

    const file = await this.#objects.createFile()
    try {
      for (const part of parts) {
        if (!this.#isRunning(upload)) break
        await this.#appendPart(upload, part, async (chunk) => {
          objectChecksum.update(chunk)
          await file.write(chunk)
        })
      }
      if (!this.#isRunning(upload)) return this.#completedBefore(uploadId, objectKey, chosen)
      const checksum = objectChecksum.verify(parts)
      const stored = { etag: compositeEntityTag(parts), ...checksum === undefined ? {} : { checksum } }
      const completion = { uploadId, parts: describeParts(parts) }
      this.#objects.commit(file, { objectKey, headers: upload.headers, completion, ...stored }, {
        eventName: 'ObjectCreated:CompleteMultipartUpload', condition: expected.condition,
      })
      this.#uploads.delete(uploadId)
      return stored
    } finally {
      await file.close()
      if (!this.#isRunning(upload)) await this.#removeFiles(upload)
    }
  }

  #completedBefore (uploadId: string, objectKey: string, chosen: readonly ChosenPart[]): StoredPayload {
    const object = this.#objects.findObject(objectKey)
    object?.close()
    const completion = object?.metadata.completion
    if (object === undefined || completion?.uploadId !== uploadId || completion.parts !== describeParts(chosen)) {
      throw new S3Error('NoSuchUpload')
    }
    const { etag, checksum } = object.metadata
    return { etag, ...checksum === undefined ? {} : { checksum } }
  }

  async abort (upload: MultipartUpload): Promise<void> {
    this.#uploads.delete(upload.uploadId)
    await this.#removeFiles(upload)
  }

  /** Must be called while the upload is in progress; the part's file then stays open even if the upload ends. */
  async #appendPart (
    upload: MultipartUpload, { partNumber, etag }: UploadedPart, write: (chunk: Buffer) => Promise<void>,
  ): Promise<void> {
    const part = SealedFile.open(this.#pathOf(upload, String(partNumber)))
    try {
      if (part?.metadata.etag !== etag) throw new S3Error('InvalidPart')
      if (part.sizeBytes === 0) return
      const bytes: AsyncIterable<Buffer> = part.stream(0, part.sizeBytes - 1)
      for await (const chunk of bytes) await write(chunk)
    } finally {
      part?.close()
    }
  }

  #isRunning (upload: MultipartUpload): boolean {
    return this.#uploads.get(upload.uploadId) === upload
  }

  #load (uploadId: string): void {
    const folder = join(this.#folder, uploadId)
    const description = SealedFile.open(join(folder, DESCRIPTION))
    if (description === undefined) {
      rmSync(folder, { recursive: true, force: true })
      return
    }
    description.close()
    const { objectKey, lastModifiedMs: initiatedMs, headers, checksum } = description.metadata
    const parts = new Map<number, UploadedPart>()
    for (const name of readdirSync(folder)) {
      const part = name === DESCRIPTION ? undefined : SealedFile.open(join(folder, name))
      if (part === undefined) continue
      part.close()
      const { etag, lastModifiedMs, checksum } = part.metadata
      const partNumber = Number(name)
      const checked = checksum === undefined ? {} : { checksum }
      parts.set(partNumber, { partNumber, etag, lastModifiedMs, sizeBytes: part.sizeBytes, ...checked })
    }
    const planned = checksum === undefined ? {} : { checksum: { algorithm: checksum.algorithm, type: checksum.type } }
    this.#uploads.set(uploadId, { uploadId, objectKey, initiatedMs, headers, ...planned, parts })
  }

  async #removeFiles ({ uploadId }: MultipartUpload): Promise<void> {
    await rm(join(this.#folder, uploadId), { recursive: true, force: true })
  }

  #pathOf ({ uploadId }: MultipartUpload, name: string): string {
    return join(this.#folder, uploadId, name)
  }
}
