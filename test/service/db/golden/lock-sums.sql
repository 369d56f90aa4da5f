insert into usage_sums (org_key, workflow_id, created_by, direction, size_bytes, file_count)
select org_key, workflow_id, created_by, direction, 0, 0
from json_to_recordset($1::json) as change (
  org_key text, workflow_id uuid, created_by uuid, direction text, size_bytes bigint, file_count bigint,
  newest_event_at timestamptz)
order by org_key collate "C", workflow_id, created_by, direction
on conflict (org_key, workflow_id, created_by, direction) do update set file_count = excluded.file_count where false
