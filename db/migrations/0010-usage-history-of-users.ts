import { type Kysely, type Migration, sql } from 'kysely'

/** What each user stored at the end of each day. */
export const usageHistoryOfUsers: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    // Builds before 0.2 take days without the users' figures, which are then unknown rather than unchanged.
    await sql`alter table usage_days add column has_users boolean not null default false`.execute(database)
    // There are rows only for days on which a user's total changed: most users change on few. Totals may exceed 64 bits.
    await sql`
      create table user_usage_snapshots (
        org_key text collate "C" not null,
        created_by uuid not null,
        day date not null,
        input_bytes numeric not null check (input_bytes >= 0),
        output_bytes numeric not null check (output_bytes >= 0),
        file_count numeric not null check (file_count >= 0),
        primary key (org_key, created_by, day)
      )`.execute(database)
    await sql`create index user_usage_snapshots_by_day on user_usage_snapshots (day)`.execute(database)
  },
}
