with new_day as (
  insert into usage_days (day, taken_at, is_filled, has_users) values ($1::date, clock_timestamp(), $2, true)
  on conflict (day) do nothing returning day
), totals as materialized (
  select
    org_key, workflow_id, created_by, coalesce(sum(size_bytes) filter (where direction = 'inputs'), 0) as input_bytes,
    coalesce(sum(size_bytes) filter (where direction = 'outputs'), 0) as output_bytes, sum(file_count) as file_count
  from usage_sums
  where exists (select from new_day)
  group by org_key, grouping sets ((workflow_id), (created_by))
), of_workflows as (
  insert into usage_snapshots (org_key, workflow_id, day, input_bytes, output_bytes, file_count)
  select org_key, workflow_id, new_day.day, sum(input_bytes), sum(output_bytes), sum(file_count)
  from new_day cross join totals
  where workflow_id is not null and file_count > 0
  group by new_day.day, org_key, grouping sets ((workflow_id), ())
)
insert into user_usage_snapshots (org_key, created_by, day, input_bytes, output_bytes, file_count)
select users.org_key, users.created_by, new_day.day, users.input_bytes, users.output_bytes, users.file_count
from new_day cross join totals as users left join lateral (
  select input_bytes, output_bytes, file_count from user_usage_snapshots
  where org_key = users.org_key and created_by = users.created_by
  order by day desc limit 1
) as last on true
where users.created_by is not null and (users.input_bytes, users.output_bytes, users.file_count)
  is distinct from (coalesce(last.input_bytes, 0), coalesce(last.output_bytes, 0), coalesce(last.file_count, 0))
