with new_day as (
  insert into usage_days (day, taken_at, is_filled) values ($1::date, clock_timestamp(), $2)
  on conflict (day) do nothing returning day
)
insert into usage_snapshots (org_key, workflow_id, day, input_bytes, output_bytes, file_count)
select
  org_key, workflow_id, new_day.day, coalesce(sum(size_bytes) filter (where direction = 'inputs'), 0),
  coalesce(sum(size_bytes) filter (where direction = 'outputs'), 0), sum(file_count)
from new_day cross join usage_sums
where file_count > 0
group by new_day.day, org_key, grouping sets ((workflow_id), ())
