import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Database } from './connection/tables.js'

/** What is old enough to be forgotten. */
export interface PurgeLimits {
  /** Tombstones of keys removed before this are purged. */
  removedBefore: Date
  /** Promises of uploads that expired before this are purged. */
  expiredBefore: Date
  /** Records set aside before this are purged. */
  setAsideBefore: Date
}

/** How many rows a purge deleted. */
export interface PurgeCounts {
  tombstones: number
  uploads: number
  setAsideEvents: number
}

const BATCH_ROWS = 1_000

/**
 * Deletes what is no longer needed, a thousand rows at a time so that no lock is held for long. Several replicas may do so
 * at once, and beside batches of events: rows that anyone else has locked are left for the next time.
 *
 * @param signal ends the purge between two batches
 */
export async function purge (database: Kysely<Database>, limits: PurgeLimits, signal?: AbortSignal): Promise<PurgeCounts> {
  return {
    tombstones: await inBatches(database, purgeTombstonesQuery(limits.removedBefore), signal),
    uploads: await inBatches(database, purgeUploadsQuery(limits.expiredBefore), signal),
    setAsideEvents: await inBatches(database, purgeSetAsideEventsQuery(limits.setAsideBefore), signal),
  }
}

export function purgeTombstonesQuery (removedBefore: Date) {
  return sql`
    delete from objects where object_key = any(array(
      select object_key from objects where removed_at < ${removedBefore}
      order by removed_at limit ${BATCH_ROWS} for update skip locked))`
}

export function purgeUploadsQuery (expiredBefore: Date) {
  return sql`
    delete from uploads where object_key = any(array(
      select object_key from uploads where expires_at < ${expiredBefore}
      order by expires_at limit ${BATCH_ROWS} for update skip locked))`
}

export function purgeSetAsideEventsQuery (setAsideBefore: Date) {
  return sql`
    delete from set_aside_events where id = any(array(
      select id from set_aside_events where received_at < ${setAsideBefore}
      order by received_at limit ${BATCH_ROWS} for update skip locked))`
}

async function inBatches (database: Kysely<Database>, query: RawBuilder<unknown>, signal?: AbortSignal): Promise<number> {
  let deletedCount = 0
  while (signal?.aborted !== true) {
    const { numAffectedRows = 0n } = await query.execute(database)
    deletedCount += Number(numAffectedRows)
    if (numAffectedRows < BATCH_ROWS) break
  }
  return deletedCount
}
