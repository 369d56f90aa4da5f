import { type Kysely, type RawBuilder, sql } from 'kysely'
import { endOfPrefix } from '../objects/key-order.js'
import type { Database } from './connection/tables.js'
import { milliseconds } from './connection/time.js'
import { inTransaction, repeatWhereUndone } from './connection/transaction.js'

/** A place that an upload was given: what may be put there, and until when. */
export interface Reservation {
  objectKey: string
  orgKey: string
  createdBy: string
  /** Exact length; undefined where the file may be of any size. */
  sizeBytes: number | undefined
  contentType: string
  /** From now on, by the database's clock. */
  expiresInSeconds: number
}

/** Whether a place could be given. */
export type ReservationOutcome =
  | 'reserved'
  /** The organisation has a quota, and the file's size is not stated. */
  | 'size-required'
  /** What the organisation stores and its open reservations leave no room for the file. */
  | 'quota-exceeded'

/**
 * Reserves a place for an upload under a newly minted object key, until the upload's URL has expired.
 *
 * Where the organisation has a quota, what is stored and what open reservations may add never exceed it by another
 * reservation, however many are asked for at once. Those are open that have not expired and have no file under their key. For
 * an organisation without a quota, a single statement reserves.
 */
export async function reserveUpload (database: Kysely<Database>, reservation: Reservation): Promise<ReservationOutcome> {
  const hasNoQuota = sql`not exists (select from orgs where org_key = ${reservation.orgKey})`
  if (await repeatWhereUndone(() => insertReservation(database, reservation, hasNoQuota))) return 'reserved'
  const { orgKey, sizeBytes } = reservation
  return await inTransaction(database, async (transaction) => {
    // The reservations of one organisation take turns. Only a statement that begins once it is our turn sees what the one
    // before has reserved: the sums must not be taken in the statement that waits.
    const org = await transaction.selectFrom('orgs').select('quota_bytes').where('org_key', '=', orgKey).forUpdate()
      .executeTakeFirst()
    if (org === undefined) {
      await insertReservation(transaction, reservation, sql`true`)
      return 'reserved'
    }
    if (sizeBytes === undefined) return 'size-required'
    const fits = sql`
      (select coalesce(sum(size_bytes), 0) from usage_sums where org_key = ${orgKey})
      + (select coalesce(sum(size_bytes), 0) from uploads where org_key = ${orgKey} and fulfilled_at is null and expires_at > statement_timestamp())
      + ${sizeBytes}::bigint <= ${org.quota_bytes}::bigint`
    return await insertReservation(transaction, reservation, fits) ? 'reserved' : 'quota-exceeded'
  })
}

async function insertReservation (
  database: Kysely<Database>, reservation: Reservation, condition: RawBuilder<unknown>,
): Promise<boolean> {
  const { objectKey, orgKey, createdBy, sizeBytes, contentType, expiresInSeconds } = reservation
  const { numAffectedRows } = await sql`
    insert into uploads (object_key, org_key, created_by, size_bytes, content_type, expires_at)
    select ${objectKey}, ${orgKey}, ${createdBy}::uuid, ${sizeBytes ?? null}::bigint, ${contentType},
      clock_timestamp() + ${milliseconds(expiresInSeconds * 1000)}
    where ${condition}`.execute(database)
  return numAffectedRows === 1n
}

/** What was reserved for a key whose URL can still be used, beside the file that is counted under it. */
export interface ReservedFile {
  objectKey: string
  /** Null where the file may be of any size. */
  reservedBytes: bigint | null
  contentType: string
  sizeBytes: bigint
  /** Without quotes; null where the store told none. */
  entityTag: string | null
}

/** Reads the reservations of counted files whose URLs have not expired; other keys have none. */
export async function readLiveReservations (
  database: Kysely<Database>, objectKeys: readonly string[],
): Promise<ReservedFile[]> {
  return await liveReservations(database).where('uploads.object_key', '=', sql<string>`any(${objectKeys}::text[])`).execute()
}

const PAGE_ROWS = 500

/**
 * Lists the counted files with a prefix whose URLs have not expired and that are bigger than was reserved, in the order of
 * their keys. Pages are not of one instant.
 */
export async function * listOversizedUploads (
  database: Kysely<Database>, prefix: string,
): AsyncGenerator<ReservedFile, undefined> {
  const end = endOfPrefix(prefix)
  let after = ''
  let isLast = false
  while (!isLast) {
    const page: ReservedFile[] = await liveReservations(database)
      .where('uploads.object_key', '>', after)
      .where('uploads.object_key', '>=', prefix)
      .$if(end !== undefined, (query) => query.where('uploads.object_key', '<', end ?? ''))
      .whereRef('objects.size_bytes', '>', 'uploads.size_bytes')
      .orderBy('uploads.object_key')
      .limit(PAGE_ROWS)
      .execute()
    isLast = page.length < PAGE_ROWS
    after = page.at(-1)?.objectKey ?? after
    yield * page
  }
}

function liveReservations (database: Kysely<Database>) {
  return database.selectFrom('uploads').innerJoin('objects', 'objects.object_key', 'uploads.object_key')
    .where('uploads.expires_at', '>', sql<Date>`statement_timestamp()`)
    .where('objects.removed_at', 'is', null)
    .select([
      'uploads.object_key as objectKey', 'uploads.size_bytes as reservedBytes', 'uploads.content_type as contentType',
      'objects.size_bytes as sizeBytes', 'objects.entity_tag as entityTag',
    ])
}
