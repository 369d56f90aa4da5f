with batch as materialized (
      select object_key, org_key, workflow_id, run_id, run_ref, removed_at, event_time, observed_at
      from objects where object_key > (select checkpoint from run_backfill)
      order by object_key limit $1
    ), unplaced as materialized (
      select org_key, workflow_id, run_id, min(coalesce(event_time, observed_at)) as first_seen_at
      from batch where run_ref is null and removed_at is null
      group by org_key, workflow_id, run_id
    ), found_runs as materialized (
  select org_key, workflow_id, run_id, unplaced.first_seen_at, runs.run_ref
  from unplaced left join runs using (org_key, workflow_id, run_id)
), made_runs as (
  insert into runs (org_key, workflow_id, run_id, prefix, first_seen_at)
  select org_key, workflow_id, run_id, '' || org_key || '/workflows/' || workflow_id || '/runs/' || run_id || '/', first_seen_at
  from found_runs
  where run_ref is null
  order by org_key collate "C", workflow_id, run_id
  on conflict (org_key, workflow_id, run_id) do update set prefix = excluded.prefix
  returning org_key, workflow_id, run_id, run_ref
), its_runs as materialized (
  select org_key, workflow_id, run_id, run_ref from found_runs where run_ref is not null union all select * from made_runs
), locked as materialized (
      select objects.object_key, its_runs.run_ref
      from objects join its_runs using (org_key, workflow_id, run_id)
      where objects.object_key in (select object_key from batch where run_ref is null and removed_at is null)
        and objects.run_ref is null and objects.removed_at is null
      order by objects.object_key
      for update of objects
    ), replaced as (
      update objects set
        run_ref = locked.run_ref, path = regexp_replace(objects.object_key, '^([^/]*/){9}', ''),
        revision = $2::uuid
      from locked where objects.object_key = locked.object_key
      returning
        objects.run_ref, objects.created_by, objects.direction, objects.size_bytes, objects.event_time, objects.observed_at
    ), changes as materialized (
      select
        run_ref, created_by, direction, sum(size_bytes) as size_bytes, count(*) as file_count,
        min(coalesce(event_time, observed_at)) as first_seen_at, max(event_time) as newest_event_at
      from replaced
      group by run_ref, created_by, direction
    ), summed as (
      insert into run_sums (run_ref, created_by, direction, size_bytes, file_count, first_seen_at, newest_event_at)
      select run_ref, created_by, direction, size_bytes, file_count, first_seen_at, newest_event_at
      from changes
      order by run_ref, created_by, direction
      on conflict (run_ref, created_by, direction) do update set
    size_bytes = run_sums.size_bytes + excluded.size_bytes, file_count = run_sums.file_count + excluded.file_count,
    first_seen_at = least(run_sums.first_seen_at, excluded.first_seen_at),
    newest_event_at = greatest(run_sums.newest_event_at, excluded.newest_event_at)
    )
    update run_backfill set
      checkpoint = (select max(object_key) from batch), placed_count = run_backfill.placed_count + placed.file_count
    from (select count(*) as file_count from replaced) as placed
    where exists (select from batch)
    returning placed.file_count as placed_count
