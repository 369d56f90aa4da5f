select
  usage_days.day::text as date, is_filled, coalesce(input_bytes, 0)::text as input_bytes,
  coalesce(output_bytes, 0)::text as output_bytes, coalesce(file_count, 0)::text as file_count
from usage_days left join usage_snapshots
  on usage_snapshots.day = usage_days.day and org_key = $1 and workflow_id = $2
where usage_days.day between $3::date and $4::date and usage_days.day < $5::date
union all
select
  $6, false, coalesce(sum(size_bytes) filter (where direction = 'inputs'), 0)::text,
  coalesce(sum(size_bytes) filter (where direction = 'outputs'), 0)::text, coalesce(sum(file_count), 0)::text
from usage_sums
where org_key = $7 and workflow_id = $8
having $9::date between $10::date and $11::date
order by date
