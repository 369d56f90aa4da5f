select
  to_char(usage_days.day::timestamp, 'YYYY-MM-DD') as date, is_filled, last.input_bytes::text as input_bytes,
  last.output_bytes::text as output_bytes, last.file_count::text as file_count
from usage_days cross join lateral (
  select input_bytes, output_bytes, file_count from user_usage_snapshots
  where org_key = $1 and created_by = $2 and user_usage_snapshots.day <= usage_days.day
  order by user_usage_snapshots.day desc limit 1
) as last
where usage_days.day between $3::date and $4::date and usage_days.day < $5::date and has_users
  and usage_days.day >= coalesce((select began_on from usage_history_start), '-infinity')
union all
select
  $6, false, coalesce(sum(size_bytes) filter (where direction = 'inputs'), 0)::text,
  coalesce(sum(size_bytes) filter (where direction = 'outputs'), 0)::text, coalesce(sum(file_count), 0)::text
from usage_sums
where org_key = $7 and created_by = $8
having $9::date between $10::date and $11::date
order by date
