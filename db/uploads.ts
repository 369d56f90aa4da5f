import { type Kysely, type Transaction, sql } from 'kysely'
import type { Database } from './database.js'

/** A place for a file that was handed out: what may be put there, and until when. */
export interface PromisedUpload {
  objectKey: string
  orgKey: string
  createdBy: string
  /** Exact length; undefined where the file may be of any size. */
  sizeBytes: number | undefined
  contentType: string
  expiresAt: Date
}

/** Remembers what was promised for a newly minted object key, until the bucket reports the file or the promise is purged. */
export async function promiseUpload (database: Kysely<Database>, upload: PromisedUpload): Promise<void> {
  await database.insertInto('uploads').values({
    object_key: upload.objectKey,
    org_key: upload.orgKey,
    created_by: upload.createdBy,
    size_bytes: upload.sizeBytes === undefined ? null : BigInt(upload.sizeBytes),
    content_type: upload.contentType,
    expires_at: upload.expiresAt,
  }).execute()
}

/**
 * Forgets what was promised for keys that the bucket has reported.
 *
 * @returns the exact length promised for each key that had a promise; null where any length was
 */
export async function takePromisedUploads (
  transaction: Transaction<Database>, objectKeys: readonly string[],
): Promise<Map<string, bigint | null>> {
  if (objectKeys.length === 0) return new Map()
  const promises = await takePromisedUploadsQuery(transaction, objectKeys).execute()
  return new Map(promises.map((promise) => [promise.object_key, promise.size_bytes]))
}

export function takePromisedUploadsQuery (transaction: Kysely<Database>, objectKeys: readonly string[]) {
  return transaction.deleteFrom('uploads')
    .where('object_key', '=', sql<string>`any(${objectKeys}::text[])`)
    .returning(['object_key', 'size_bytes'])
}
