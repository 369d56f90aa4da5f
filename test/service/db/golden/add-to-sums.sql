update usage_sums set
  size_bytes = usage_sums.size_bytes + change.size_bytes, file_count = usage_sums.file_count + change.file_count,
  newest_event_at = greatest(usage_sums.newest_event_at, change.newest_event_at)
from json_to_recordset($1::json) as change (
  org_key text, workflow_id uuid, created_by uuid, direction text, size_bytes bigint, file_count bigint,
  newest_event_at timestamptz)
where usage_sums.org_key = change.org_key and usage_sums.workflow_id = change.workflow_id
  and usage_sums.created_by = change.created_by and usage_sums.direction = change.direction
