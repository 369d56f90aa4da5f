update objects set
  size_bytes = incoming.size_bytes, entity_tag = incoming.entity_tag, event_source = incoming.event_source,
  event_time = incoming.event_time, sequencer = incoming.sequencer, version_id = incoming.version_id,
  observed_at = incoming.observed_at, removed_at = incoming.removed_at, revision = incoming.revision
from json_to_recordset($1::json) as incoming (
  object_key text, org_key text, workflow_id uuid, run_id uuid, created_by uuid, direction text, size_bytes bigint,
  entity_tag text, event_source text, event_time timestamptz, sequencer text, version_id text, observed_at timestamptz,
  removed_at timestamptz, revision uuid)
where objects.object_key = incoming.object_key
