import { type Kysely, type Migration, sql } from 'kysely'

/** Objects, the sums kept over them, and the names of workflows. */
export const catalogue: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    // COLLATE "C" is the order of S3 listings: by bytes of UTF-8.
    await sql`
      create table objects (
        object_key text collate "C" primary key check (octet_length(object_key) <= 1024),
        org_key text collate "C" not null,
        workflow_id uuid not null,
        run_id uuid not null,
        created_by uuid not null,
        direction text not null check (direction in ('inputs', 'outputs')),
        size_bytes bigint not null check (size_bytes >= 0),
        entity_tag text,
        event_source text not null,
        sequencer text,
        version_id text,
        event_time timestamptz not null,
        removed_at timestamptz
      )`.execute(database)
    await sql`create index objects_tombstones on objects (removed_at) where removed_at is not null`.execute(database)
    await sql`
      create table usage_sums (
        org_key text collate "C" not null,
        workflow_id uuid not null,
        created_by uuid not null,
        direction text not null check (direction in ('inputs', 'outputs')),
        size_bytes bigint not null check (size_bytes >= 0),
        file_count bigint not null check (file_count >= 0),
        primary key (org_key, workflow_id, created_by, direction)
      )`.execute(database)
    await sql`
      create table workflows (
        org_key text collate "C" not null,
        workflow_id uuid not null,
        name text not null,
        updated_at timestamptz not null default now(),
        primary key (org_key, workflow_id)
      )`.execute(database)
  },
}
