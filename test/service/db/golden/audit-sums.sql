with actual as (
  select org_key, workflow_id, created_by, direction, sum(size_bytes) as size_bytes, count(*) as file_count
  from objects
  where removed_at is null
  group by org_key, workflow_id, created_by, direction
), compared as (
  select
    org_key, workflow_id, created_by, direction,
    coalesce(usage_sums.size_bytes, 0) as kept_size_bytes, coalesce(usage_sums.file_count, 0) as kept_file_count,
    coalesce(actual.size_bytes, 0) as actual_size_bytes, coalesce(actual.file_count, 0) as actual_file_count
  from actual full join usage_sums using (org_key, workflow_id, created_by, direction)
)
select
  org_key, workflow_id, created_by, direction,
  kept_size_bytes::text, kept_file_count::text, actual_size_bytes::text, actual_file_count::text
from compared
where kept_size_bytes <> actual_size_bytes or kept_file_count <> actual_file_count
order by org_key, workflow_id, created_by, direction
limit $1
