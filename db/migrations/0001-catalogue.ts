import { type Kysely, type Migration, sql } from 'kysely'

/** Objects, the sums kept over them, reservations of uploads, events that were set aside, and the names of workflows. */
export const catalogue: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    // COLLATE "C" is the order of S3 listings: by UTF-8 bytes.
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
        event_source text,
        event_time timestamptz,
        sequencer text,
        version_id text,
        observed_at timestamptz,
        removed_at timestamptz,
        revision uuid not null,
        check ((event_source is null) = (event_time is null)),
        check (event_time is null or observed_at is null),
        check (removed_at is not null or event_time is not null or observed_at is not null),
        check (removed_at is null or (size_bytes = 0 and entity_tag is null))
      )`.execute(database)
    await sql`create index objects_tombstones on objects (removed_at) where removed_at is not null`.execute(database)
    // The few rows change with every batch of events; free space on their pages keeps those updates out of the indexes.
    await sql`
      create table usage_sums (
        org_key text collate "C" not null,
        workflow_id uuid not null,
        created_by uuid not null,
        direction text not null check (direction in ('inputs', 'outputs')),
        size_bytes bigint not null check (size_bytes >= 0),
        file_count bigint not null check (file_count >= 0),
        primary key (org_key, workflow_id, created_by, direction)
      ) with (fillfactor = 50)`.execute(database)
    await sql`create index usage_sums_by_user on usage_sums (org_key, created_by)`.execute(database)
    await sql`
      create table uploads (
        object_key text collate "C" primary key check (octet_length(object_key) <= 1024),
        org_key text collate "C" not null,
        created_by uuid not null,
        size_bytes bigint check (size_bytes >= 0),
        content_type text not null,
        created_at timestamptz not null default now(),
        expires_at timestamptz not null
      )`.execute(database)
    await sql`create index uploads_by_expiry on uploads (expires_at)`.execute(database)
    await sql`
      create table set_aside_events (
        id bigint generated always as identity primary key,
        received_at timestamptz not null default now(),
        reason text not null,
        record text not null
      )`.execute(database)
    await sql`create index set_aside_events_by_time on set_aside_events (received_at)`.execute(database)
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
