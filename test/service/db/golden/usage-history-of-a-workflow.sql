with known as materialized (
  select min(day + 0) as first_day from usage_snapshots where org_key = $1 and workflow_id is null
)
select
  to_char(usage_days.day::timestamp, 'YYYY-MM-DD') as date, is_filled, coalesce(input_bytes, 0)::text as input_bytes,
  coalesce(output_bytes, 0)::text as output_bytes, coalesce(file_count, 0)::text as file_count
from usage_days left join usage_snapshots
  on usage_snapshots.day = usage_days.day and org_key = $2 and workflow_id = $3
where usage_days.day between $4::date and $5::date and usage_days.day < $6::date
  and usage_days.day >= (select first_day from known)
  and usage_days.day >= coalesce((select began_on from usage_history_start), '-infinity')
union all
select
  $7, false, coalesce(sum(size_bytes) filter (where direction = 'inputs'), 0)::text,
  coalesce(sum(size_bytes) filter (where direction = 'outputs'), 0)::text, coalesce(sum(file_count), 0)::text
from usage_sums
where org_key = $8 and workflow_id = $9
having $10::date between $11::date and $12::date
order by date
