insert into objects (
  object_key, org_key, workflow_id, run_id, created_by, direction, size_bytes, entity_tag, event_source, event_time,
  sequencer, version_id, observed_at, removed_at, revision)
select
  object_key, org_key, workflow_id, run_id, created_by, direction, size_bytes, entity_tag, event_source, event_time,
  sequencer, version_id, observed_at, removed_at, revision
from json_to_recordset($1::json) as incoming (
  object_key text, org_key text, workflow_id uuid, run_id uuid, created_by uuid, direction text, size_bytes bigint,
  entity_tag text, event_source text, event_time timestamptz, sequencer text, version_id text, observed_at timestamptz,
  removed_at timestamptz, revision uuid)
order by object_key collate "C"
on conflict (object_key) do update set revision = excluded.revision where false
returning object_key
