import { type Kysely, type Migration, sql } from 'kysely'

/**
 * Runs, sums per run, and the path of every file within its run.
 *
 * Existing rows have neither: builds from 0.2 on fill in both, batch by batch, while the service runs. What a build before 0.2
 * writes meanwhile is counted by triggers, which recognise such a build by its revisions: random UUIDs (version 4, RFC 9562),
 * which all sort before the version 8 ones that later builds make. The triggers go one version later, with the columns of
 * `objects` that repeat what `runs` says.
 */
export const runs: Migration = {
  async up (database: Kysely<unknown>): Promise<void> {
    await sql`
      create table runs (
        run_ref bigint generated always as identity primary key,
        org_key text collate "C" not null,
        workflow_id uuid not null,
        run_id uuid not null,
        prefix text collate "C" not null,
        unique (org_key, workflow_id, run_id)
      )`.execute(database)
    // A check constraint would look at the amount to add, which may be negative, before it is found that there is a row to add
    // to. The foreign key to `runs` keeps a run from being purged just as one of its files arrives.
    await sql`
      create table run_sums (
        run_ref bigint not null references runs,
        created_by uuid not null,
        direction text not null check (direction in ('inputs', 'outputs')),
        size_bytes bigint not null,
        file_count bigint not null,
        first_seen_at timestamptz not null,
        newest_event_at timestamptz,
        primary key (run_ref, created_by, direction)
      ) with (fillfactor = 70)`.execute(database)
    await sql`
      create function refuse_negative_sum() returns trigger language plpgsql as $$
      begin
        raise check_violation using message = 'a sum of a run would fall below zero';
      end $$`.execute(database)
    await sql`
      create trigger run_sums_not_negative after insert or update on run_sums for each row
      when (new.size_bytes < 0 or new.file_count < 0) execute function refuse_negative_sum()`.execute(database)
    await sql`create index run_sums_by_user on run_sums (created_by, run_ref)`.execute(database)
    await sql`
      alter table objects add column run_ref bigint, add column path text collate "C"`.execute(database)
    await sql`
      create table run_backfill (
        is_only boolean primary key default true check (is_only),
        checkpoint text collate "C" not null default '',
        placed_count bigint not null default 0,
        finished_at timestamptz
      )`.execute(database)
    const { rows: [found] } = await sql<{ is_empty: boolean }>`
      select not exists (select from objects) as is_empty`.execute(database)
    const isEmpty = found?.is_empty === true
    for (const { name, definition } of isEmpty ? objectIndexes : []) {
      await sql.raw(`create index ${name} on ${definition}`).execute(database)
    }
    await sql`insert into run_backfill (finished_at) values (${isEmpty ? sql`now()` : sql`null`})`.execute(database)
    for (const statement of triggersForEarlierBuilds) await sql.raw(statement).execute(database)
  },
}

/** Indexes that a table with rows gets while others write to it, and that are useless until all rows are placed. */
export const objectIndexes: ReadonlyArray<{ name: string, definition: string }> = [
  // A folder of a user's files is a range of this index, and its sums come from the index alone. Files with the same path are
  // in an arbitrary but fixed order.
  {
    name: 'objects_by_path',
    definition: `objects (run_ref, created_by, path, hashtextextended(object_key, 0)) include (size_bytes)
      where run_ref is not null`,
  },
  // Big files by size: all of an organisation's, and each user's. Files of the same size are in an arbitrary but fixed order.
  { name: 'objects_by_size', definition: bySize('org_key') },
  { name: 'objects_of_user_by_size', definition: bySize('org_key, created_by') },
]

function bySize (columns: string): string {
  return `objects (${columns}, size_bytes, hashtextextended(object_key, 0)) where size_bytes >= 1048576`
}

const isOfEarlierBuild = "new.revision < 'ffffffff-ffff-8000-8000-000000000000'"

const triggersForEarlierBuilds = [
  `create function place_object_in_run() returns trigger language plpgsql as $$
    begin
      if new.removed_at is not null then
        new.run_ref := null;
        new.path := null;
      elsif new.run_ref is null then
        select run_ref into new.run_ref from runs
        where org_key = new.org_key and workflow_id = new.workflow_id and run_id = new.run_id;
        if new.run_ref is null then
          insert into runs (org_key, workflow_id, run_id, prefix)
          values (
            new.org_key, new.workflow_id, new.run_id,
            new.org_key || '/workflows/' || new.workflow_id || '/runs/' || new.run_id || '/')
          on conflict (org_key, workflow_id, run_id) do update set prefix = excluded.prefix
          returning run_ref into new.run_ref;
        end if;
        new.path := regexp_replace(new.object_key, '^([^/]*/){9}', '');
      end if;
      return new;
    end $$`,
  `create function count_object_in_run() returns trigger language plpgsql as $$
    begin
      if tg_op = 'UPDATE' and old.run_ref is not null then
        update run_sums set size_bytes = size_bytes - old.size_bytes, file_count = file_count - 1
        where run_ref = old.run_ref and created_by = old.created_by and direction = old.direction;
      end if;
      if new.run_ref is not null then
        insert into run_sums as kept (run_ref, created_by, direction, size_bytes, file_count, first_seen_at, newest_event_at)
        values (
          new.run_ref, new.created_by, new.direction, new.size_bytes, 1,
          coalesce(new.event_time, new.observed_at), new.event_time)
        on conflict (run_ref, created_by, direction) do update set
          size_bytes = kept.size_bytes + excluded.size_bytes, file_count = kept.file_count + 1,
          first_seen_at = least(kept.first_seen_at, excluded.first_seen_at),
          newest_event_at = greatest(kept.newest_event_at, excluded.newest_event_at);
      end if;
      return null;
    end $$`,
  `create trigger objects_place_in_run before insert or update on objects for each row
    when (${isOfEarlierBuild}) execute function place_object_in_run()`,
  `create trigger objects_count_in_run after insert or update on objects for each row
    when (${isOfEarlierBuild}) execute function count_object_in_run()`,
]
