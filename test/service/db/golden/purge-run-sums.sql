with empty as materialized (
  select run_ref, created_by, direction from run_sums where file_count = 0 limit $1 for update skip locked
), forgotten as (
  delete from runs where run_ref in (select run_ref from empty) and not exists (
    select from run_sums left join empty using (run_ref, created_by, direction)
    where run_sums.run_ref = runs.run_ref and empty.run_ref is null)
)
delete from run_sums using empty
where run_sums.run_ref = empty.run_ref and run_sums.created_by = empty.created_by and run_sums.direction = empty.direction
