import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Database } from './connection/tables.js'
import { milliseconds } from './connection/time.js'
import { forgetClaims } from './digests.js'

/** An upload in parts, identified by its key and the store's id for it. */
export interface RecordedUpload {
  objectKey: string
  storeUploadId: string
}

/** Notes the store's id of an upload in parts in its reservation. */
export async function recordStoreUpload (
  database: Kysely<Database>, { objectKey, storeUploadId }: RecordedUpload,
): Promise<void> {
  await database.updateTable('uploads').set({ store_upload_id: storeUploadId }).where('object_key', '=', objectKey).execute()
}

/**
 * Keeps an upload's place for some time from now on, by the database's clock; never shortens the time for which it is kept.
 *
 * @returns whether there is such an upload: one that has ended or been abandoned is not reopened
 */
export async function keepUploadOpen (
  database: Kysely<Database>, { objectKey, storeUploadId }: RecordedUpload, forSeconds: number,
): Promise<boolean> {
  const { numUpdatedRows } = await database.updateTable('uploads')
    .set({ expires_at: sql<Date>`greatest(expires_at, clock_timestamp() + ${milliseconds(forSeconds * 1000)})` })
    .where('object_key', '=', objectKey)
    .where('store_upload_id', '=', storeUploadId)
    .where('expires_at', '>', sql<Date>`clock_timestamp()`)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Ends an upload whose file is counted: its place is released for good, even if the file is soon deleted. */
export async function finishUpload (database: Kysely<Database>, { objectKey, storeUploadId }: RecordedUpload): Promise<void> {
  await database.updateTable('uploads')
    .set({ store_upload_id: null, expires_at: sql<Date>`clock_timestamp()` })
    .where('object_key', '=', objectKey)
    .where('store_upload_id', '=', storeUploadId)
    .execute()
}

/** Releases a place where nothing was or will be stored. */
export async function releaseUpload (database: Kysely<Database>, objectKey: string): Promise<void> {
  await database.deleteFrom('uploads').where('object_key', '=', objectKey).where('fulfilled_at', 'is', null).execute()
  await forgetClaims(database, objectKey)
}

/** Uploads in parts that are to be aborted, since their places were not kept beyond a given time; the earliest first. */
export async function listAbandonedUploads (
  database: Kysely<Database>, endedBy: Date, limit: number,
): Promise<RecordedUpload[]> {
  const rows = await database.selectFrom('uploads')
    .select(['object_key as objectKey', 'store_upload_id as storeUploadId'])
    .where('store_upload_id', 'is not', null)
    .where('expires_at', '<=', endedBy)
    .orderBy('expires_at')
    .limit(limit)
    .execute()
  return rows.flatMap(({ objectKey, storeUploadId }) => storeUploadId === null ? [] : [{ objectKey, storeUploadId }])
}

/** Deletes the record of an abandoned upload that has been aborted at the store. */
export async function forgetAbandonedUpload (database: Kysely<Database>, upload: RecordedUpload): Promise<void> {
  await database.deleteFrom('uploads').where(isAbandoned(upload)).execute()
  await forgetClaims(database, upload.objectKey)
}

/** Moves an abandoned upload that could not be aborted behind all others that have expired by now. */
export async function postponeAbandonedUpload (database: Kysely<Database>, upload: RecordedUpload): Promise<void> {
  await database.updateTable('uploads').set({ expires_at: sql<Date>`clock_timestamp()` }).where(isAbandoned(upload)).execute()
}

function isAbandoned ({ objectKey, storeUploadId }: RecordedUpload): RawBuilder<SqlBool> {
  return sql<SqlBool>`object_key = ${objectKey} and store_upload_id = ${storeUploadId} and expires_at <= clock_timestamp()`
}

/** What is recorded about a key for which an upload was requested. */
export interface UploadPlace {
  /** Null for a file that is put whole, and for an upload in parts that has not begun or has ended. */
  storeUploadId: string | null
  /** Whether the sender may still use it. */
  isKept: boolean
}

/** The places of the given keys, by key; keys without one are left out. */
export async function readUploadPlaces (
  database: Kysely<Database>, objectKeys: readonly string[],
): Promise<Map<string, UploadPlace>> {
  const rows = await database.selectFrom('uploads')
    .select(['object_key', 'store_upload_id', sql<boolean>`expires_at > clock_timestamp()`.as('is_kept')])
    .where('object_key', '=', sql<string>`any(${objectKeys}::text[])`)
    .execute()
  return new Map(rows.map((row) => [row.object_key, { storeUploadId: row.store_upload_id, isKept: row.is_kept }]))
}
