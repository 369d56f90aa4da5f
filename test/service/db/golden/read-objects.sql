select
  objects.object_key,
  objects.org_key,
  objects.workflow_id,
  objects.run_id,
  objects.created_by,
  objects.direction,
  objects.run_ref,
  objects.path,
  objects.size_bytes,
  objects.entity_tag,
  objects.event_source,
  floor(extract(epoch from "objects"."event_time") * 1000)::bigint as event_time_ms,
  objects.sequencer,
  objects.version_id,
  floor(extract(epoch from "objects"."observed_at") * 1000)::bigint as observed_at_ms,
  floor(extract(epoch from "objects"."removed_at") * 1000)::bigint as removed_at_ms,
  objects.revision
from objects where object_key = any($1::text[])
