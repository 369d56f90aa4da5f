import { type Kysely, type RawBuilder, type Transaction, sql } from 'kysely'
import type { Database } from './connection/tables.js'
import { milliseconds } from './connection/time.js'
import { inTransaction } from './connection/transaction.js'

/** A place for a file that was handed out: what may be put there, and until when. */
export interface PromisedUpload {
  objectKey: string
  orgKey: string
  createdBy: string
  /** Exact length; undefined where the file may be of any size. */
  sizeBytes: number | undefined
  contentType: string
  /** From now on, by the database's clock. */
  expiresInSeconds: number
}

/** Whether a place for a file could be handed out. */
export type PromiseOutcome =
  | 'promised'
  /** The organisation has a quota, and the file's size is not stated. */
  | 'size-required'
  /** What the organisation stores and what it was promised leave no room for the file. */
  | 'quota-exceeded'

/**
 * Remembers what was promised for a newly minted object key, until the bucket reports the file or the promise is purged.
 *
 * Where the organisation has a quota, a promise that has not expired is a reservation: what is stored and what is reserved
 * never exceed the quota by another promise, however many are asked for at once. An organisation without one is promised
 * its upload in a single statement.
 */
export async function promiseUpload (database: Kysely<Database>, upload: PromisedUpload): Promise<PromiseOutcome> {
  if (await insertUpload(database, upload, sql`not exists (select from orgs where org_key = ${upload.orgKey})`)) return 'promised'
  const { orgKey, sizeBytes } = upload
  return await inTransaction(database, async (transaction) => {
    // The promises of one organisation take turns. Only a statement that begins once it is our turn sees what the one before
    // has promised: the sums must not be taken in the statement that waits.
    const org = await transaction.selectFrom('orgs').select('quota_bytes').where('org_key', '=', orgKey).forUpdate()
      .executeTakeFirst()
    if (org === undefined) {
      await insertUpload(transaction, upload, sql`true`)
      return 'promised'
    }
    if (sizeBytes === undefined) return 'size-required'
    const fits = sql`
      (select coalesce(sum(size_bytes), 0) from usage_sums where org_key = ${orgKey})
      + (select coalesce(sum(size_bytes), 0) from uploads where org_key = ${orgKey} and expires_at > statement_timestamp())
      + ${sizeBytes}::bigint <= ${org.quota_bytes}::bigint`
    return await insertUpload(transaction, upload, fits) ? 'promised' : 'quota-exceeded'
  })
}

async function insertUpload (
  database: Kysely<Database>, upload: PromisedUpload, condition: RawBuilder<unknown>,
): Promise<boolean> {
  const { objectKey, orgKey, createdBy, sizeBytes, contentType, expiresInSeconds } = upload
  const { numAffectedRows } = await sql`
    insert into uploads (object_key, org_key, created_by, size_bytes, content_type, expires_at)
    select ${objectKey}, ${orgKey}, ${createdBy}::uuid, ${sizeBytes ?? null}::bigint, ${contentType},
      clock_timestamp() + ${milliseconds(expiresInSeconds * 1000)}
    where ${condition}`.execute(database)
  return numAffectedRows === 1n
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
