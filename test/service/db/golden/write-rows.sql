-- prepared as write_rows

with incoming as materialized (
  select incoming.*, case when is_removed then now() end as removed_at
  from json_to_recordset($1::json) as incoming (
    object_key text, org_key text, workflow_id uuid, run_id uuid, created_by uuid,
    direction text, path text, size_bytes bigint, entity_tag text, event_source text,
    event_time timestamptz, sequencer text, version_id text, observed_at timestamptz, revision uuid,
    is_removed boolean,
    newest_event_at timestamptz, revision_before uuid, run_before bigint, size_change bigint, count_change bigint)
), known as materialized (
  select objects.* from incoming join objects using (object_key) where incoming.revision_before is null
), unplaced as materialized (
  select org_key, workflow_id, run_id, min(coalesce(event_time, observed_at)) as first_seen_at
  from incoming
  where run_before is null and not is_removed and not exists (select from known)
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
), placed as materialized (
  select incoming.*, case when not is_removed then coalesce(run_before, its_runs.run_ref) end as run_ref
  from incoming left join its_runs using (org_key, workflow_id, run_id)
), inserted as (
  insert into objects (
    object_key, org_key, workflow_id, run_id, created_by,
    direction, run_ref, path, size_bytes, entity_tag,
    event_source, event_time, sequencer, version_id, observed_at,
    removed_at, revision)
  select
    object_key, org_key, workflow_id, run_id, created_by,
    direction, run_ref, path, size_bytes, entity_tag,
    event_source, event_time, sequencer, version_id, observed_at,
    removed_at, revision
  from placed
  where revision_before is null and not exists (select from known)
  order by object_key collate "C"
  on conflict (object_key) do nothing
  returning object_key, size_bytes, removed_at
), locked as materialized (
  select objects.object_key
  from objects join incoming on incoming.object_key = objects.object_key and incoming.revision_before = objects.revision
  where incoming.revision_before is not null and not exists (select from known)
  order by objects.object_key
  for update of objects
), replaced as (
  update objects set
    run_ref = placed.run_ref, path = placed.path, size_bytes = placed.size_bytes, entity_tag = placed.entity_tag, event_source = placed.event_source,
    event_time = placed.event_time, sequencer = placed.sequencer, version_id = placed.version_id, observed_at = placed.observed_at, removed_at = placed.removed_at,
    revision = placed.revision
  from placed join locked using (object_key)
  where objects.object_key = placed.object_key
  returning objects.object_key, objects.size_bytes, objects.removed_at
), written as materialized (
  select * from inserted union all select * from replaced
), changes as materialized (
  select
    org_key, workflow_id, created_by, direction, sum(size_change) as size_bytes, sum(count_change) as file_count,
    max(newest_event_at) as newest_event_at
  from incoming join written using (object_key)
  group by org_key, workflow_id, created_by, direction
), summed as (
  insert into usage_sums (
    org_key, workflow_id, created_by, direction, size_bytes, file_count, newest_event_at, newest_event_counted_at)
  select
    org_key, workflow_id, created_by, direction, greatest(size_bytes, 0), greatest(file_count, 0), newest_event_at,
    case when newest_event_at is not null then now() end
  from changes
  order by org_key collate "C", workflow_id, created_by, direction
  on conflict (org_key, workflow_id, created_by, direction) do update set
    (size_bytes, file_count, newest_event_at, newest_event_counted_at) = (
      select
        usage_sums.size_bytes + changes.size_bytes, usage_sums.file_count + changes.file_count,
        greatest(usage_sums.newest_event_at, changes.newest_event_at),
        case
          when changes.newest_event_at is null or changes.newest_event_at <= usage_sums.newest_event_at
          then usage_sums.newest_event_counted_at
          else now()
        end
      from changes
      where changes.org_key = excluded.org_key and changes.workflow_id = excluded.workflow_id
        and changes.created_by = excluded.created_by and changes.direction = excluded.direction)
  returning true as is_summed
), run_changes as materialized (
  select
    coalesce(run_before, run_ref) as run_ref, created_by, direction,
    sum(case when run_before is null then placed.size_bytes else size_change end) as size_bytes,
    sum(case when run_before is null then 1 else count_change end) as file_count,
    min(coalesce(event_time, observed_at)) filter (where not is_removed) as first_seen_at,
    max(newest_event_at) as newest_event_at
  from placed join written using (object_key)
  where run_before is not null or run_ref is not null
  group by coalesce(run_before, run_ref), created_by, direction
), run_summed as (
  insert into run_sums (run_ref, created_by, direction, size_bytes, file_count, first_seen_at, newest_event_at)
  select run_ref, created_by, direction, size_bytes, file_count, coalesce(first_seen_at, 'infinity'), newest_event_at
  from run_changes
  where (select count(*) from summed) > 0
  order by run_ref, created_by, direction
  on conflict (run_ref, created_by, direction) do update set
    size_bytes = run_sums.size_bytes + excluded.size_bytes, file_count = run_sums.file_count + excluded.file_count,
    first_seen_at = least(run_sums.first_seen_at, excluded.first_seen_at),
    newest_event_at = greatest(run_sums.newest_event_at, excluded.newest_event_at)
), fulfilled as (
  update uploads set
    fulfilled_at = case when written.removed_at is null then coalesce(uploads.fulfilled_at, statement_timestamp()) end
  from written
  where uploads.object_key = written.object_key
    and case when uploads.fulfilled_at is null then written.removed_at is null else uploads.expires_at > statement_timestamp() end
  returning
    uploads.object_key, uploads.size_bytes as reserved_bytes, written.size_bytes,
    written.removed_at is null and uploads.size_bytes <> written.size_bytes as is_mismatch,
    coalesce(uploads.fulfilled_at < statement_timestamp(), false) as is_again
), mismatched as (
  insert into set_aside_events (reason, record)
  select 'size_not_as_promised',
    json_build_object('objectKey', object_key, 'promisedBytes', reserved_bytes, 'sizeBytes', size_bytes)
  from fulfilled where is_mismatch
)
select
  incoming.object_key as key, written.object_key is not null as is_written,
  coalesce(fulfilled.is_mismatch, false) as is_size_mismatch, coalesce(fulfilled.is_again, false) as is_brought_again,
  known.object_key,
  known.org_key,
  known.workflow_id,
  known.run_id,
  known.created_by,
  known.direction,
  known.run_ref,
  known.path,
  known.size_bytes,
  known.entity_tag,
  known.event_source,
  floor(extract(epoch from "known"."event_time") * 1000)::bigint as event_time_ms,
  known.sequencer,
  known.version_id,
  floor(extract(epoch from "known"."observed_at") * 1000)::bigint as observed_at_ms,
  floor(extract(epoch from "known"."removed_at") * 1000)::bigint as removed_at_ms,
  known.revision
from incoming
left join written on written.object_key = incoming.object_key
left join fulfilled on fulfilled.object_key = incoming.object_key
left join known on known.object_key = incoming.object_key
where written.object_key is null or fulfilled.is_mismatch or fulfilled.is_again
