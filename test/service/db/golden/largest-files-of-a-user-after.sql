select
  object_key, workflow_id, run_id, size_bytes, floor(extract(epoch from "event_time") * 1000)::bigint as event_time_ms,
  hashtextextended(object_key, 0) as tie_breaker
from objects
where org_key = $1 and created_by = $2
  and size_bytes >= 1048576
  and (size_bytes, hashtextextended(object_key, 0)) < ($3::bigint, $4::bigint)
order by size_bytes desc, hashtextextended(object_key, 0) desc
limit $5
