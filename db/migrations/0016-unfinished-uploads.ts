import { type Kysely, type Migration, sql } from 'kysely'

/** Bytes of unfinished uploads in the bucket, as looks at it found them. */
export const unfinishedUploads: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    await sql`
      create table unfinished_looks (
        look_id bigint generated always as identity primary key,
        started_at timestamptz not null default clock_timestamp(),
        finished_at timestamptz
      )`.execute(database)
    await sql`
      create table unfinished_sums (
        look_id bigint not null references unfinished_looks on delete cascade,
        org_key text collate "C" not null,
        created_by uuid,
        part_bytes bigint not null check (part_bytes >= 0),
        unique nulls not distinct (look_id, org_key, created_by)
      )`.execute(database)
  },
}
