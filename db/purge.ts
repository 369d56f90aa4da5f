import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Database } from './connection/tables.js'
import { milliseconds } from './connection/time.js'
import { repeatWhereUndone } from './connection/transaction.js'
import { forgottenDigestsPart } from './digests.js'

/** How long what is no longer needed is kept, in milliseconds by the database's clock. */
export interface PurgeRetention {
  /** Tombstones, from the removal on. */
  tombstonesMs: number
  /** Reservations of uploads, from their expiry on; those of uploads in parts only once the parts are aborted. */
  uploadsMs: number
  /** Records that were set aside. */
  setAsideEventsMs: number
  /** Leases of parts, such as that of an organisation, from their end on. */
  leasesMs: number
  /** The place where a `verify` is to resume, from its last step on. */
  verificationsMs: number
  /** Share links, from their end on. */
  sharesMs: number
}

/** How many rows a purge deleted. */
export interface PurgeCounts {
  tombstones: number
  uploads: number
  setAsideEvents: number
  leases: number
  verifications: number
  shares: number
  /** Sums of runs that no longer count anything; a run is deleted with the last of its sums. */
  runSums: number
}

const BATCH_ROWS = 1_000
/** No share link lasts longer. */
const SHARE_MAX_MS = 31 * 24 * 60 * 60 * 1000

/**
 * Deletes what is no longer needed, a thousand rows at a time so that no lock is held for long. Several replicas may do so at
 * once, and while events are applied: rows that anyone else has locked are left for the next time.
 *
 * @param signal ends the purge between two batches
 */
export async function purge (
  database: Kysely<Database>, retention: PurgeRetention, signal?: AbortSignal,
): Promise<PurgeCounts> {
  return {
    tombstones: await inBatches(database, purgeTombstonesQuery(retention.tombstonesMs), signal),
    uploads: await inBatches(database, purgeUploadsQuery(retention.uploadsMs), signal),
    setAsideEvents: await inBatches(database, purgeSetAsideEventsQuery(retention.setAsideEventsMs), signal),
    leases: await inBatches(database, purgeLeasesQuery(retention.leasesMs), signal),
    verifications: await inBatches(database, purgeVerificationsQuery(retention.verificationsMs), signal),
    shares: await inBatches(database, purgeSharesQuery(retention.sharesMs), signal),
    runSums: await inBatches(database, purgeRunSumsQuery(), signal),
  }
}

/** Also deletes the digests of the files that were there. */
export function purgeTombstonesQuery (retentionMs: number) {
  return sql`
    with old as materialized (
      select object_key from objects where removed_at < now() - ${milliseconds(retentionMs)}
      order by removed_at limit ${BATCH_ROWS} for update skip locked
    ), ${forgottenDigestsPart('old')}
    delete from objects using old where objects.object_key = old.object_key`
}

/** Also deletes the claims about files that never arrived. */
export function purgeUploadsQuery (retentionMs: number) {
  return sql`
    with old as materialized (
      select object_key from uploads where expires_at < now() - ${milliseconds(retentionMs)} and store_upload_id is null
      order by expires_at limit ${BATCH_ROWS} for update skip locked
    ), ${forgottenDigestsPart('old', sql` and not exists (select from objects where object_key = old.object_key)`)}
    delete from uploads using old where uploads.object_key = old.object_key`
}

export function purgeSetAsideEventsQuery (retentionMs: number) {
  return sql`
    delete from set_aside_events where id = any(array(
      select id from set_aside_events where received_at < now() - ${milliseconds(retentionMs)}
      order by received_at limit ${BATCH_ROWS} for update skip locked))`
}

/** Leases without a slash are kept: they are few, and their tokens must keep rising. */
function purgeLeasesQuery (retentionMs: number) {
  return sql`
    delete from leases where name = any(array(
      select name from leases where expires_at < now() - ${milliseconds(retentionMs)} and strpos(name, '/') > 0
      order by name limit ${BATCH_ROWS} for update skip locked))`
}

/** Epochs are deleted with the last links that they can concern, which were made before them and last for 30 days. */
function purgeSharesQuery (retentionMs: number) {
  return sql`
    with forgotten as (
      delete from share_epochs where revoked_before < now() - ${milliseconds(retentionMs + SHARE_MAX_MS)}
    )
    delete from shares where id = any(array(
      select id from shares where expires_at < now() - ${milliseconds(retentionMs)}
      order by expires_at limit ${BATCH_ROWS} for update skip locked))`
}

function purgeVerificationsQuery (retentionMs: number) {
  return sql`
    delete from verifications where scope = any(array(
      select scope from verifications where updated_at < now() - ${milliseconds(retentionMs)}
      order by scope limit ${BATCH_ROWS} for update skip locked))`
}

/** Reads all sums of runs: an index of the empty ones would change with every file, and slow down every event. */
export function purgeRunSumsQuery () {
  return sql`
    with empty as materialized (
      select run_ref, created_by, direction from run_sums where file_count = 0 limit ${BATCH_ROWS} for update skip locked
    ), forgotten as (
      delete from runs where run_ref in (select run_ref from empty) and not exists (
        select from run_sums left join empty using (run_ref, created_by, direction)
        where run_sums.run_ref = runs.run_ref and empty.run_ref is null)
    )
    delete from run_sums using empty
    where run_sums.run_ref = empty.run_ref and run_sums.created_by = empty.created_by and run_sums.direction = empty.direction`
}

async function inBatches (database: Kysely<Database>, query: RawBuilder<unknown>, signal?: AbortSignal): Promise<number> {
  let deletedCount = 0
  while (signal?.aborted !== true) {
    const { numAffectedRows = 0n } = await repeatWhereUndone(() => query.execute(database))
    deletedCount += Number(numAffectedRows)
    if (numAffectedRows < BATCH_ROWS) break
  }
  return deletedCount
}
