import { bulkhead } from 'cockatiel'
import { setAside } from '../db/events/set-aside.js'
import type { DatabaseHandle } from '../db/connection/tables.js'
import { type ReservedFile, listOversizedUploads, readLiveReservations } from '../db/reservations.js'
import type { EventRecord } from '../events/pending-record.js'
import { ObjectStorageRefused } from '../store/failures.js'
import type { ObjectStorage } from '../store/object-storage.js'
import { type Contradiction, contradictionOf } from './contradiction.js'

/** What examining uploads needs, and callbacks for what became of them. */
export interface UploadExamination {
  database: DatabaseHandle
  storage: Pick<ObjectStorage, 'observeCounted' | 'remove'>
  /** Asks the store about a key's current state, and counts it accordingly. */
  recount: (objectKey: string) => Promise<void>
  onRemoved: (objectKey: string, contradiction: Contradiction) => void
  /** Called for a copy that is kept, since nothing that the store says about it contradicts what its upload allowed. */
  onCopyKept: (objectKey: string) => void
  /** Called with how many set-aside records were deleted to make room for newer ones. */
  onTrimmed: (count: number) => void
  /** Called if the store refuses this service, which retrying would not change. */
  onRefused: (objectKey: string, error: ObjectStorageRefused) => void
}

/**
 * Removes files from the bucket that their uploads were not allowed to put there. Both functions throw ObjectStorageUnavailable
 * if the store does not answer, and what the database throws. They are idempotent: what they could not finish is done the next
 * time.
 */
export interface UploadExaminer {
  /** Examines the reported files whose report gives a reason to. */
  examineReported: (suspects: readonly EventRecord[]) => Promise<void>
  /** Examines all counted files with a prefix that are bigger than reserved, however that became known. */
  examineOversized: (prefix: string) => Promise<void>
}

const COPY_REASON = 'copied_over_upload'
const EXAMINED_MAX_CONCURRENT = 4

/**
 * Creates the examiner of uploads. Some stores accept headers that the signature of an upload's URL does not cover, so a file
 * may be a copy of any other one.
 *
 * An event or a listing only says where to look. The only files removed are those under a key whose upload URL can still be
 * used, that the store itself describes as bigger than reserved or as of another type, at an entity tag that the catalogue
 * knows. So a forged event removes no file that its upload was allowed to put, and no file at all once the URL has expired.
 */
export function createUploadExaminer (context: UploadExamination): UploadExaminer {
  const places = bulkhead(EXAMINED_MAX_CONCURRENT, Infinity)
  return {
    examineReported: async (suspects) => {
      if (suspects.length === 0) return
      const records = new Map<string, EventRecord>()
      for (const suspect of suspects) {
        const { objectKey } = suspect.event
        if (records.get(objectKey)?.isCopy !== true) records.set(objectKey, suspect)
      }
      const reserved = await readLiveReservations(context.database, [...records.keys()])
      for (const file of reserved) {
        const { isCopy = false, record } = records.get(file.objectKey) ?? {}
        if (isCopy || isTooBig(file)) await places.execute(() => examine(file, isCopy ? { record } : undefined, context))
      }
    },
    examineOversized: async (prefix) => {
      for await (const file of listOversizedUploads(context.database, prefix)) {
        await places.execute(() => examine(file, undefined, context))
      }
    },
  }
}

function isTooBig ({ reservedBytes, sizeBytes }: ReservedFile): boolean {
  return reservedBytes !== null && sizeBytes > reservedBytes
}

/** @param copy the record that says that the file is a copy; undefined if none does */
async function examine (file: ReservedFile, copy: Pick<EventRecord, 'record'> | undefined, context: UploadExamination) {
  const { database, storage, recount, onRemoved, onCopyKept, onTrimmed, onRefused } = context
  const { objectKey, entityTag } = file
  try {
    const { stored } = await storage.observeCounted(objectKey)
    // It was overwritten, or the event was false: if the current file must be removed, its own event will say so.
    if (stored === undefined || (entityTag !== null && stored.entityTag !== `"${entityTag}"`)) return await recount(objectKey)
    const contradiction = contradictionOf(file, stored)
    if (contradiction === undefined) {
      if (isTooBig(file)) await recount(objectKey)
      if (copy === undefined) return
      onTrimmed(await setAside(database, [{ reason: COPY_REASON, record: copy.record }]))
      onCopyKept(objectKey)
      return
    }
    // If the file is overwritten at this moment, the new one is lost: stores such as Ceph RGW remove it whatever its tag.
    await storage.remove(objectKey)
    onRemoved(objectKey, contradiction)
    await recount(objectKey)
  } catch (error) {
    if (!(error instanceof ObjectStorageRefused)) throw error
    onRefused(objectKey, error)
  }
}
