import { type Kysely, type Migration, sql } from 'kysely'

/**
 * What a reconcile of several ranges side by side has left of each. Builds before do not know of it: what they write changes
 * `updated_at` alone, by which the ranges are known to be out of date.
 */
export const openRanges: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    await sql`
      alter table reconciliations
        add column open_ranges jsonb,
        add column open_ranges_at timestamptz`.execute(database)
  },
}
