-- prepared as read_storage_usage_of_user

with sums as (
  select
    workflow_id,
    coalesce(sum(size_bytes) filter (where direction = 'inputs'), 0) as input_bytes,
    coalesce(sum(size_bytes) filter (where direction = 'outputs'), 0) as output_bytes,
    sum(file_count) as file_count
  from usage_sums
  where org_key = $1 and file_count > 0 and created_by = $2
  group by workflow_id
), sorted as (
  select
    sums.workflow_id,
    coalesce(workflows.name, sums.workflow_id::text) as workflow_name,
    input_bytes::text, output_bytes::text, file_count::text
  from sums left join workflows on workflows.workflow_id = sums.workflow_id and workflows.org_key = $3
  order by sums.input_bytes + sums.output_bytes desc, sums.workflow_id
)
select
  (
    select floor(extract(epoch from max(newest_event_at)) * 1000)::bigint from usage_sums where org_key = $4 and created_by = $5
  ) as as_of_ms,
  -- One of all organisations reconciles each that it did not leave out.
  floor(extract(epoch from greatest((
    select max(started_at) from reconciliations
    where status = 'complete' and prefix = '' and not ($6 = any(disordered_org_keys))
  ), (
    select max(started_at) from reconciliations where status = 'complete' and prefix = $7
  ))) * 1000)::bigint as reconciled_at_ms,
  null::bigint as quota_bytes,
  coalesce((select json_agg(sorted) from sorted), '[]') as workflows
