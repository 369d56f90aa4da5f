import { type Kysely, type RawBuilder, sql } from 'kysely'
import { endOfPrefix } from '../objects/key-order.js'
import type { Database } from './connection/tables.js'
import { milliseconds } from './connection/time.js'
import { inTransaction, repeatWhereUndone } from './connection/transaction.js'

/** A reservation for an upload: what may be put there, and until when. */
export interface Reservation {
  objectKey: string
  orgKey: string
  createdBy: string
  /** Exact length; undefined if the file may be of any size. */
  sizeBytes: number | undefined
  contentType: string
  /** Counted from now, by the database's clock. */
  expiresInSeconds: number
}

/** Whether the upload was reserved, and if not, why. */
export type ReservationOutcome =
  | 'reserved'
  /** The organisation has a quota, and the file's size is not stated. */
  | 'size-required'
  /** The organisation's files and open reservations leave no room for the file. */
  | 'quota-exceeded'
  /** The user has already reserved as much of the organisation's quota as one user may. */
  | 'too-much-open'

/**
 * Reserves space for an upload under a newly minted object key, until the upload's URL has expired.
 *
 * If the organisation has a quota, what is stored and what open reservations may add never exceed it because of another
 * reservation, however many are requested at once. A reservation is open if it has not expired and there is no file under its
 * key. For an organisation without a quota, a single statement reserves.
 *
 * @param openBytesMax the bytes of a quota that one user may have reserved at once; 0 sets no limit
 */
export async function reserveUpload (
  database: Kysely<Database>, reservation: Reservation, openBytesMax = 0,
): Promise<ReservationOutcome> {
  const hasNoQuota = sql`not exists (select from orgs where org_key = ${reservation.orgKey})`
  if (await repeatWhereUndone(() => insertReservation(database, reservation, hasNoQuota))) return 'reserved'
  const { orgKey, createdBy, sizeBytes } = reservation
  return await inTransaction(database, async (transaction) => {
    // The reservations of one organisation take turns. What the previous one reserved is visible only to a statement that
    // begins when it is our turn, so the sums must not be read by the statement that waits.
    const org = await transaction.selectFrom('orgs').select('quota_bytes').where('org_key', '=', orgKey).forUpdate()
      .executeTakeFirst()
    if (org === undefined) {
      await insertReservation(transaction, reservation, sql`true`)
      return 'reserved'
    }
    if (sizeBytes === undefined) return 'size-required'
    const { rows: [place] } = await sql<{ fits: boolean, is_too_much_open: boolean }>`
      select
        (select coalesce(sum(size_bytes), 0) from usage_sums where org_key = ${orgKey})
          + coalesce(sum(size_bytes), 0) + ${sizeBytes}::bigint <= ${org.quota_bytes}::bigint as fits,
        ${openBytesMax}::bigint > 0 and
          coalesce(sum(size_bytes) filter (where created_by = ${createdBy}::uuid), 0) + ${sizeBytes}::bigint > ${openBytesMax}::bigint
          as is_too_much_open
      from uploads
      where org_key = ${orgKey} and fulfilled_at is null and expires_at > statement_timestamp()`.execute(transaction)
    if (place?.is_too_much_open !== false) return 'too-much-open'
    if (!place.fits) return 'quota-exceeded'
    await insertReservation(transaction, reservation, sql`true`)
    return 'reserved'
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

/** What was reserved for a key whose URL can still be used, along with the file counted under it. */
export interface ReservedFile {
  objectKey: string
  /** Null if the file may be of any size. */
  reservedBytes: bigint | null
  contentType: string
  sizeBytes: bigint
  /** Without quotes; null if the store reported none. */
  entityTag: string | null
}

/** Reads the reservations of counted files whose URLs have not expired; other keys are left out. */
export async function readLiveReservations (
  database: Kysely<Database>, objectKeys: readonly string[],
): Promise<ReservedFile[]> {
  return await liveReservations(database).where('uploads.object_key', '=', sql<string>`any(${objectKeys}::text[])`).execute()
}

const PAGE_ROWS = 500

/**
 * Lists the counted files with a prefix whose URLs have not expired and that are bigger than what was reserved, in the order of
 * their keys. The pages do not show a single instant.
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
