import { bulkhead } from 'cockatiel'
import { setAside } from '../db/events/set-aside.js'
import type { DatabaseHandle } from '../db/connection/tables.js'
import { type ReservedFile, readLiveReservations } from '../db/reservations.js'
import type { EventRecord } from '../events/pending-record.js'
import type { BucketEvent } from '../events/notification.js'
import { ObjectStorageRefused } from '../store/failures.js'
import type { StoredObject } from '../store/object-storage.js'
import { type Contradiction, contradictionOf } from './contradiction.js'

/** What examining uploads works with, and who hears of what became of them. */
export interface UploadExamination {
  database: DatabaseHandle
  storage: {
    /** What the store says of a file now; undefined when there is none. */
    head: (objectKey: string) => Promise<StoredObject | undefined>
    remove: (objectKey: string) => Promise<void>
  }
  /** Asks the store what a key is now, and counts it so. */
  recount: (file: Pick<BucketEvent, 'objectKey' | 'parts'>) => Promise<void>
  onRemoved: (objectKey: string, contradiction: Contradiction) => void
  /** A copy that may have come by its upload's URL: nothing the store says is against it. */
  onCopyKept: (objectKey: string) => void
  /** So many records that had been set aside made room for newer ones. */
  onTrimmed: (count: number) => void
  /** The store refuses this service, which no repetition would change. */
  onRefused: (objectKey: string, error: ObjectStorageRefused) => void
}

const COPY_REASON = 'copied_over_upload'
const EXAMINED_MAX_CONCURRENT = 4

/**
 * Makes the function that removes from the bucket what no upload was allowed to be. Some stores take headers which the
 * signature of an upload's URL does not cover, so that a file may be a copy of any other one.
 *
 * An event only says where to look. Nothing is removed but a file under a key whose upload URL can still be used, that the
 * store itself describes as bigger than was reserved or as of another type, at an entity tag that the catalogue knows. So a
 * forged event removes no file that its upload was allowed to be, and no file at all once the URL has expired.
 *
 * The function is idempotent: what it was prevented from is done when the same records come again.
 *
 * @returns a function that throws ObjectStorageUnavailable where the store does not answer, and what the database throws
 */
export function createUploadExaminer (context: UploadExamination): (suspects: readonly EventRecord[]) => Promise<void> {
  const places = bulkhead(EXAMINED_MAX_CONCURRENT, Infinity)
  return async (suspects) => {
    if (suspects.length === 0) return
    const records = new Map<string, EventRecord>()
    for (const suspect of suspects) {
      const { objectKey } = suspect.event
      if (records.get(objectKey)?.isCopy !== true) records.set(objectKey, suspect)
    }
    const reserved = await readLiveReservations(context.database, [...records.keys()])
    for (const file of reserved) {
      const record = records.get(file.objectKey)
      if (record === undefined || !(record.isCopy === true || isTooBig(file))) continue
      await places.execute(() => examine(file, record, context))
    }
  }
}

function isTooBig ({ reservedBytes, sizeBytes }: ReservedFile): boolean {
  return reservedBytes !== null && sizeBytes > reservedBytes
}

async function examine (file: ReservedFile, { event, isCopy = false, record }: EventRecord, context: UploadExamination) {
  const { database, storage, recount, onRemoved, onCopyKept, onTrimmed, onRefused } = context
  const { objectKey, entityTag } = file
  try {
    const stored = await storage.head(objectKey)
    // It was overwritten, or the event was not true: if the file that is there has to go, its own event tells.
    if (stored === undefined || (entityTag !== null && stored.entityTag !== `"${entityTag}"`)) return await recount(event)
    const contradiction = contradictionOf(file, stored)
    if (contradiction === undefined) {
      if (isTooBig(file)) await recount(event)
      if (!isCopy) return
      onTrimmed(await setAside(database, [{ reason: COPY_REASON, record }]))
      onCopyKept(objectKey)
      return
    }
    // Whoever overwrites the file in this moment loses the new one: stores such as Ceph RGW remove it whatever its tag.
    await storage.remove(objectKey)
    onRemoved(objectKey, contradiction)
    await recount(event)
  } catch (error) {
    if (!(error instanceof ObjectStorageRefused)) throw error
    onRefused(objectKey, error)
  }
}
