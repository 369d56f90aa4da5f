with incoming as materialized (
  select * from json_to_recordset($1::json) as incoming (
object_key text, org_key text, workflow_id uuid, run_id uuid, created_by uuid, direction text, size_bytes bigint,
entity_tag text, event_source text, event_time timestamptz, sequencer text, version_id text, observed_at timestamptz,
removed_at timestamptz, revision uuid, newest_event_at timestamptz,
revision_before uuid, size_change bigint, count_change bigint)), written as (
  insert into objects (
object_key, org_key, workflow_id, run_id, created_by, direction, size_bytes, entity_tag, event_source, event_time,
sequencer, version_id, observed_at, removed_at, revision)
  select
object_key, org_key, workflow_id, run_id, created_by, direction, size_bytes, entity_tag, event_source, event_time,
sequencer, version_id, observed_at, removed_at, revision
  from incoming
  order by object_key collate "C"
  on conflict (object_key) do nothing
  returning object_key, org_key, workflow_id, created_by, direction, size_bytes, removed_at
), summed as (
  insert into usage_sums (org_key, workflow_id, created_by, direction, size_bytes, file_count, newest_event_at)
  select
written.org_key, written.workflow_id, written.created_by, written.direction, sum(written.size_bytes),
count(*) filter (where written.removed_at is null), max(incoming.newest_event_at)
  from written join incoming using (object_key)
  group by written.org_key, written.workflow_id, written.created_by, written.direction
  order by written.org_key collate "C", written.workflow_id, written.created_by, written.direction
  on conflict (org_key, workflow_id, created_by, direction) do update set
size_bytes = usage_sums.size_bytes + excluded.size_bytes, file_count = usage_sums.file_count + excluded.file_count,
newest_event_at = greatest(usage_sums.newest_event_at, excluded.newest_event_at)
), fulfilled as (
  delete from uploads using written
  where uploads.object_key = written.object_key and written.removed_at is null
  returning uploads.object_key, uploads.size_bytes as promised_bytes, written.size_bytes
), broken as (
  insert into set_aside_events (reason, record)
  select 'size_not_as_promised',
json_build_object('objectKey', object_key, 'promisedBytes', promised_bytes, 'sizeBytes', size_bytes)
  from fulfilled where promised_bytes <> size_bytes
)
select
  incoming.object_key as key, coalesce(fulfilled.promised_bytes <> fulfilled.size_bytes, false) as is_promise_broken, existing.*
from incoming
left join written on written.object_key = incoming.object_key
left join fulfilled on fulfilled.object_key = incoming.object_key
left join objects as existing on existing.object_key = incoming.object_key
where written.object_key is null or fulfilled.promised_bytes <> fulfilled.size_bytes
