import { type Kysely, type Migration, sql } from 'kysely'

/** What was stored at the end of each day. */
export const usageHistory: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    await sql`
      create table usage_days (
        day date primary key,
        taken_at timestamptz not null,
        is_filled boolean not null
      )`.execute(database)
    // The row without a workflow holds the organisation's total, so that reading it costs one row per day. Totals may exceed 64
    // bits.
    await sql`
      create table usage_snapshots (
        org_key text collate "C" not null,
        workflow_id uuid,
        day date not null,
        input_bytes numeric not null check (input_bytes >= 0),
        output_bytes numeric not null check (output_bytes >= 0),
        file_count numeric not null check (file_count >= 0),
        unique nulls not distinct (org_key, workflow_id, day)
      )`.execute(database)
    await sql`create index usage_snapshots_by_day on usage_snapshots (day)`.execute(database)
  },
}
