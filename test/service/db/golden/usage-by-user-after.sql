with sums as (
  select
    created_by as id, coalesce(sum(size_bytes) filter (where direction = 'inputs'), 0) as input_bytes,
    coalesce(sum(size_bytes) filter (where direction = 'outputs'), 0) as output_bytes, sum(file_count) as file_count,
    floor(extract(epoch from max(newest_event_at)) * 1000)::bigint as newest_ms
  from usage_sums
  where org_key = $1
  group by created_by
), ranked as (
  select sums.*, input_bytes + output_bytes as rank from sums where file_count > 0
)
select id, input_bytes::text, output_bytes::text, file_count::text, newest_ms, rank::text
from ranked where (- ranked.rank, ranked.id) > (- $2::numeric, $3::uuid)
order by ranked.rank desc, ranked.id
limit $4
