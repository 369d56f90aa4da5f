with sums as (
  select
    workflow_id as id, sum(size_bytes) as size_bytes, sum(file_count) as file_count,
    floor(extract(epoch from max(newest_event_at)) * 1000)::bigint as newest_ms
  from usage_sums
  where org_key = $1 and file_count > 0 and created_by = $2
  group by workflow_id
), named as (
  select sums.*, coalesce(workflows.name, sums.id::text) as workflow_name
  from sums left join workflows on workflows.workflow_id = sums.id and workflows.org_key = $3
), ranked as (
  select named.*, coalesce(newest_ms, -9223372036854775808)::numeric as rank from named where workflow_name ~ $4 or id::text ~ $5
)
select id, workflow_name, size_bytes::text, file_count::text, newest_ms, rank::text
from ranked where (- ranked.rank, ranked.id) > (- $6::numeric, $7::uuid)
order by ranked.rank desc, ranked.id
limit $8
