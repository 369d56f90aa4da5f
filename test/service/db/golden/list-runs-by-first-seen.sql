with ranked as not materialized (
  select run_id as id, runs.first_seen_at, sums.*, (extract(epoch from runs.first_seen_at) * 1000000)::bigint as rank
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
from ranked 
  where (first_seen_at, id) < (timestamptz 'epoch' + $3::bigint * interval '1 microsecond', $4::uuid) order by first_seen_at desc, id desc limit $5
