import { prefixOf } from '../../objects/object-key.js'

const prefixOfRun = prefixOf({ orgKey: "' || org_key || '", workflowId: "' || workflow_id || '", runId: "' || run_id || '" })

/**
 * Parts of a statement that find the runs named by a preceding part, `unplaced`, as (org_key, workflow_id, run_id), each once
 * with the time when it is first seen, and create the missing ones in that order; `its_runs` has them all. A run that another
 * transaction is creating at the same time is waited for.
 */
export const runParts = `found_runs as materialized (
  select org_key, workflow_id, run_id, unplaced.first_seen_at, runs.run_ref
  from unplaced left join runs using (org_key, workflow_id, run_id)
), made_runs as (
  insert into runs (org_key, workflow_id, run_id, prefix, first_seen_at)
  select org_key, workflow_id, run_id, '${prefixOfRun}', first_seen_at
  from found_runs
  where run_ref is null
  order by org_key collate "C", workflow_id, run_id
  on conflict (org_key, workflow_id, run_id) do update set prefix = excluded.prefix
  returning org_key, workflow_id, run_id, run_ref
), its_runs as materialized (
  select org_key, workflow_id, run_id, run_ref from found_runs where run_ref is not null union all select * from made_runs
)`

/** What inserting changes into `run_sums` does if the row exists: it adds them. */
export const addToRunSums = `on conflict (run_ref, created_by, direction) do update set
    size_bytes = run_sums.size_bytes + excluded.size_bytes, file_count = run_sums.file_count + excluded.file_count,
    first_seen_at = least(run_sums.first_seen_at, excluded.first_seen_at),
    newest_event_at = greatest(run_sums.newest_event_at, excluded.newest_event_at)`
