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
), newest as (
  select
    floor(extract(epoch from newest_event_at) * 1000)::bigint as as_of_ms, floor(extract(epoch from newest_event_counted_at) * 1000)::bigint as counted_at_ms
  from usage_sums
  where org_key = $4 and newest_event_at is not null and created_by = $5
  order by newest_event_at desc, newest_event_counted_at desc nulls last
  limit 1
), looked as (
  select look_id, started_at from unfinished_looks where finished_at is not null order by look_id desc limit 1
)
select
  (select as_of_ms from newest) as as_of_ms,
  (select counted_at_ms from newest) as counted_at_ms,
  -- A reconcile of all organisations counts for each that it did not leave out.
  floor(extract(epoch from greatest((
    select max(started_at) from reconciliations
    where status = 'complete' and prefix = '' and not ($6 = any(disordered_org_keys))
  ), (
    select max(started_at) from reconciliations where status = 'complete' and prefix = $7
  ))) * 1000)::bigint as reconciled_at_ms,
  null::bigint as quota_bytes,
  (select floor(extract(epoch from started_at) * 1000)::bigint from looked) as unfinished_as_of_ms,
  (select coalesce((
    select sum(part_bytes) from unfinished_sums
    where unfinished_sums.look_id = looked.look_id and org_key = $8 and created_by = $9
  ), 0)::text from looked) as unfinished_bytes,
  coalesce((select json_agg(sorted) from sorted), '[]') as workflows
