select
  usage_days.day::text as date, is_filled, coalesce(input_bytes, 0)::text as input_bytes,
  coalesce(output_bytes, 0)::text as output_bytes, coalesce(file_count, 0)::text as file_count
from usage_days left join usage_snapshots
  on usage_snapshots.day = usage_days.day and org_key = $1 and workflow_id is null
where usage_days.day between $2::date and $3::date and usage_days.day < $4::date
union all
select
  $5, false, coalesce(sum(size_bytes) filter (where direction = 'inputs'), 0)::text,
  coalesce(sum(size_bytes) filter (where direction = 'outputs'), 0)::text, coalesce(sum(file_count), 0)::text
from usage_sums
where org_key = $6
having $7::date between $8::date and $9::date
order by date
