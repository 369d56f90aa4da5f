with ranked as not materialized (
  select run_id as id, runs.first_seen_at, sums.*, (coalesce(newest_ms, first_seen_ms))::numeric as rank
  from runs cross join lateral (
    select
      coalesce(sum(size_bytes) filter (where direction = 'inputs'), 0) as input_bytes,
      coalesce(sum(size_bytes) filter (where direction = 'outputs'), 0) as output_bytes,
      sum(file_count) as file_count, floor(extract(epoch from min(first_seen_at)) * 1000)::bigint as first_seen_ms,
      floor(extract(epoch from max(newest_event_at)) * 1000)::bigint as newest_ms
    from run_sums
    where run_ref = runs.run_ref and file_count > 0
  ) as sums
  where org_key = $1 and workflow_id = $2 and file_count is not null
)
select id, input_bytes::text, output_bytes::text, file_count::text, first_seen_ms, newest_ms, rank::text
from ranked where (- ranked.rank, ranked.id) > (- $3::numeric, $4::uuid)
order by ranked.rank desc, ranked.id
limit $5
