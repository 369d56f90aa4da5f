import type { DatabaseHandle } from '../db/connection/tables.js'
import { endConfirmation, keepVerifiedDigests, listConfirmableKeys } from '../db/digests.js'
import { ObjectStorageRefused } from '../store/failures.js'
import type { ObjectStorage } from '../store/object-storage.js'

const BATCH = 100

/**
 * Asks the store about uploads that were bound to a checksum, once their files are counted: if the store itself names a
 * checksum, it has checked it. This applies to the entity tag in the same answer, whatever is put there later.
 *
 * @param signal ends the work between two files
 * @returns how many files now have a verified digest
 * @throws if the database or the store does not answer; the rest is done the next time
 */
export async function confirmDigests (
  database: DatabaseHandle, storage: Pick<ObjectStorage, 'head'>, signal: AbortSignal,
): Promise<number> {
  let count = 0
  let after = ''
  for (let isLast = false; !isLast;) {
    const objectKeys = await listConfirmableKeys(database, { after, limit: BATCH })
    isLast = objectKeys.length < BATCH
    after = objectKeys.at(-1) ?? after
    for (const objectKey of objectKeys) {
      if (signal.aborted) return count
      try {
        const stored = await storage.head(objectKey)
        const entityTag = stored?.entityTag.replaceAll('"', '') ?? ''
        if (stored !== undefined && entityTag !== '' && Object.keys(stored.checksums).length > 0) {
          await keepVerifiedDigests(database, objectKey, entityTag, stored.checksums)
          count++
        }
        await endConfirmation(database, objectKey)
      } catch (error) {
        // Perhaps only this file may not be read.
        if (!(error instanceof ObjectStorageRefused)) throw error
      }
    }
  }
  return count
}
