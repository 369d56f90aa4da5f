import { readDatabaseTime } from '../db/connection/database-clock.js'
import type { DatabaseHandle } from '../db/connection/tables.js'
import { forgetAbandonedUpload, listAbandonedUploads, postponeAbandonedUpload } from '../db/open-uploads.js'
import { ObjectStorageRefused, ObjectStorageUnavailable } from '../store/failures.js'
import type { MultipartUploads } from '../store/multipart-uploads.js'

/** Callbacks for what became of abandoned uploads. */
interface Sweep {
  /** Ends the sweep between two uploads. */
  signal: AbortSignal
  onAborted: () => void
  /** Called with the key of an upload that the store did not abort. */
  onFailed: (objectKey: string, error: Error) => void
}

const BATCH = 100
/** After this many failures in a row, it is the store that fails rather than single uploads. */
const FAILURES_IN_A_ROW_MAX = 10

/**
 * Aborts the recorded uploads in parts whose places are no longer kept: first at the store and then in the catalogue, so that
 * after a crash between the two the first is repeated. Other uploads in the bucket are not touched.
 *
 * An upload that the store does not abort is moved behind all others: even if many fail, each sweep begins with those that have
 * not been tried yet.
 *
 * @returns how many were aborted
 * @throws if the database does not answer, or the store has failed ten times in a row; what was aborted by then stays aborted
 */
export async function abortAbandonedUploads (
  database: DatabaseHandle, store: Pick<MultipartUploads, 'abort'>, { signal, onAborted, onFailed }: Sweep,
): Promise<number> {
  let abortedCount = 0
  let failuresInARow = 0
  const endedBy = await readDatabaseTime(database)
  for (let isLast = false; !isLast;) {
    const uploads = await listAbandonedUploads(database, endedBy, BATCH)
    isLast = uploads.length < BATCH
    for (const upload of uploads) {
      if (signal.aborted) return abortedCount
      try {
        await store.abort(upload)
      } catch (error) {
        if (!(error instanceof ObjectStorageRefused || error instanceof ObjectStorageUnavailable)) throw error
        await postponeAbandonedUpload(database, upload)
        onFailed(upload.objectKey, error)
        failuresInARow++
        if (failuresInARow >= FAILURES_IN_A_ROW_MAX) throw error
        continue
      }
      await forgetAbandonedUpload(database, upload)
      onAborted()
      abortedCount++
      failuresInARow = 0
    }
  }
  return abortedCount
}
