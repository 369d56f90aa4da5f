import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { type BucketEventName, type BucketNotificationRecord, BucketNotifications } from './bucket-notification.js'
import { type ChangeCondition, requireCondition } from './conditions.js'
import { type IndexEntry, KeyIndex } from './key-index.js'
import { S3Error } from './s3-error.js'
import { PendingFile, SealedFile, type SealedMetadata } from './sealed-file.js'

/** Which objects are kept, and where. */
export interface StoredObjectsOptions {
  folder: string
  bucket: string
  region: string
  /** Called after each change, in the order in which they took effect. It must not throw. */
  onEvent: (record: BucketNotificationRecord) => void
}

/**
 * The objects of one bucket: their files, the index of their keys and the report of their changes. Only one process at a time
 * may use a folder.
 *
 * A file's name is the SHA-256 of its key, so no key can lead anywhere else. The index lives in memory and is rebuilt from the
 * files at start. File, index and report change in one synchronous step: anyone who reads after a write was answered sees it,
 * and of two writes to a key the later one is the last in all three.
 */
export class StoredObjects {
  readonly index: KeyIndex
  readonly #objectsFolder: string
  readonly #temporaryFolder: string
  readonly #notifications: BucketNotifications
  readonly #onEvent: (record: BucketNotificationRecord) => void

  private constructor (options: StoredObjectsOptions, index: KeyIndex) {
    this.index = index
    this.#objectsFolder = join(options.folder, 'objects')
    this.#temporaryFolder = join(options.folder, 'temporary')
    this.#notifications = new BucketNotifications(options.region, options.bucket)
    this.#onEvent = options.onEvent
  }

  /** Opens a folder, creating it if need be. Files that an earlier process left unfinished are removed. */
  static async open (options: StoredObjectsOptions): Promise<StoredObjects> {
    const objects = new StoredObjects(options, new KeyIndex(await loadEntries(join(options.folder, 'objects'))))
    rmSync(objects.#temporaryFolder, { recursive: true, force: true })
    mkdirSync(objects.#temporaryFolder, { recursive: true })
    return objects
  }

  createFile (): Promise<PendingFile> {
    return PendingFile.create(this.#temporaryFolder)
  }

  /**
   * Makes a complete file the object of its key.
   *
   * @throws {S3Error} if the condition does not hold
   */
  commit (
    file: PendingFile, object: Omit<SealedMetadata, 'lastModifiedMs'>,
    { eventName, condition }: { eventName: BucketEventName, condition: ChangeCondition },
  ): void {
    const { objectKey, etag } = object
    this.require(objectKey, condition)
    const time = new Date()
    const lastModifiedMs = time.getTime()
    file.seal(this.#pathOf(objectKey), { ...object, lastModifiedMs })
    this.index.set({ objectKey, etag, lastModifiedMs, sizeBytes: file.sizeBytes })
    this.#onEvent(this.#notifications.record(eventName, objectKey, time, { etag, sizeBytes: file.sizeBytes }))
  }

  /** @throws {S3Error} PreconditionFailed or NoSuchKey if the condition does not hold for the key's object */
  require (objectKey: string, condition: ChangeCondition): void {
    requireCondition(this.index.get(objectKey), condition)
  }

  /**
   * Removes an object; does nothing if there is none.
   *
   * @throws {S3Error} if the condition does not hold
   */
  remove (objectKey: string, condition: ChangeCondition): void {
    this.require(objectKey, condition)
    if (this.index.get(objectKey) === undefined) return
    unlinkSync(this.#pathOf(objectKey))
    this.index.delete(objectKey)
    this.#onEvent(this.#notifications.record('ObjectRemoved:Delete', objectKey, new Date()))
  }

  /**
   * Opens an object for reading; the caller closes it.
   *
   * @throws {S3Error} NoSuchKey
   */
  openObject (objectKey: string): SealedFile {
    const file = this.findObject(objectKey)
    if (file === undefined) throw new S3Error('NoSuchKey')
    return file
  }

  /** Opens an object for reading, if there is one; the caller closes it. */
  findObject (objectKey: string): SealedFile | undefined {
    return SealedFile.open(this.#pathOf(objectKey))
  }

  #pathOf (objectKey: string): string {
    const name = createHash('sha256').update(objectKey).digest('hex')
    return join(this.#objectsFolder, name.slice(0, 2), name)
  }
}

async function loadEntries (objectsFolder: string): Promise<IndexEntry[]> {
  const entries: IndexEntry[] = []
  // Folders of a few hundred files each, since one of 200,000 would be slow on some file systems.
  for (let number = 0; number < 256; number++) {
    const folder = join(objectsFolder, number.toString(16).padStart(2, '0'))
    mkdirSync(folder, { recursive: true })
    for (const name of readdirSync(folder)) {
      const file = SealedFile.open(join(folder, name))
      if (file === undefined) continue
      file.close()
      const { objectKey, etag, lastModifiedMs } = file.metadata
      entries.push({ objectKey, etag, lastModifiedMs, sizeBytes: file.sizeBytes })
    }
    await setImmediate()
  }
  return entries
}
