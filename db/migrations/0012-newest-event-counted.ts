import { type Kysely, type Migration, sql } from 'kysely'

/**
 * When the newest event of each sum was counted. Null where that is not known: builds before this one do not say. Where one
 * of them counted a newer event than the one that this is of, it is too early, so that an event never seems to be later than
 * it was.
 */
export const newestEventCounted: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    await sql`alter table usage_sums add column newest_event_counted_at timestamptz`.execute(database)
  },
}
