import { type Kysely, type Migration, sql } from 'kysely'

/** How fresh the kept sums are, and what comparisons of the catalogue with the bucket have done. */
export const reconciliation: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    await sql`alter table usage_sums add column newest_event_at timestamptz`.execute(database)
    await sql`
      update usage_sums set newest_event_at = newest.event_time
      from (
        select org_key, workflow_id, created_by, direction, max(event_time) as event_time
        from objects group by org_key, workflow_id, created_by, direction
      ) as newest
      where usage_sums.org_key = newest.org_key and usage_sums.workflow_id = newest.workflow_id
        and usage_sums.created_by = newest.created_by and usage_sums.direction = newest.direction`.execute(database)
    await sql`
      create table reconciliations (
        id bigint generated always as identity primary key,
        prefix text collate "C" not null,
        status text not null check (status in ('running', 'complete', 'interrupted', 'failed')),
        started_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        finished_at timestamptz,
        checkpoint text collate "C" not null default '',
        listed_count bigint not null default 0,
        added_count bigint not null default 0,
        removed_count bigint not null default 0,
        corrected_count bigint not null default 0,
        left_count bigint not null default 0,
        unsettled_count bigint not null default 0,
        foreign_count bigint not null default 0,
        foreign_bytes bigint not null default 0,
        failure text,
        check ((status = 'complete') = (finished_at is not null))
      )`.execute(database)
    await sql`create index reconciliations_by_prefix on reconciliations (prefix, id)`.execute(database)
    await sql`
      create index reconciliations_complete on reconciliations (prefix, started_at) where status = 'complete'`.execute(database)
  },
}
