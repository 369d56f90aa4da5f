import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'

/** Where kept sums and the rows disagree. */
export interface SumDifference {
  orgKey: string
  workflowId: string
  /** Null if the organisation's sums disagree; otherwise the run whose sums do. */
  runId: string | null
  createdBy: string
  direction: 'inputs' | 'outputs'
  kept: { sizeBytes: bigint, fileCount: bigint }
  /** What the rows add up to. */
  actual: { sizeBytes: bigint, fileCount: bigint }
}

/**
 * Compares the kept sums, of organisations and of runs, with the sums over the rows, all at one instant. Until the backfill of
 * runs is done, only the rows that it has reached belong to a run. Reads every row: for tests and a command, not for requests.
 *
 * @param limit the most differences to return
 * @returns the differences in the order of their keys; there should be none
 */
export async function auditSums (database: Kysely<Database>, limit = 100): Promise<SumDifference[]> {
  const { rows } = await auditSumsQuery(limit).execute(database)
  return rows.map((row) => ({
    orgKey: row.org_key,
    workflowId: row.workflow_id,
    runId: row.run_id,
    createdBy: row.created_by,
    direction: row.direction,
    kept: { sizeBytes: BigInt(row.kept_size_bytes), fileCount: BigInt(row.kept_file_count) },
    actual: { sizeBytes: BigInt(row.actual_size_bytes), fileCount: BigInt(row.actual_file_count) },
  }))
}

interface AuditRow {
  org_key: string
  workflow_id: string
  run_id: string | null
  created_by: string
  direction: 'inputs' | 'outputs'
  kept_size_bytes: string
  kept_file_count: string
  actual_size_bytes: string
  actual_file_count: string
}

/** The statement behind `auditSums`. Sums are text: they may exceed 64 bits. */
export function auditSumsQuery (limit: number) {
  return sql<AuditRow>`
    with actual as (
      select
        org_key, workflow_id, run_id, created_by, direction,
        sum(size_bytes) as size_bytes, count(*) as file_count
      from objects
      where removed_at is null
      group by grouping sets (
        (org_key, workflow_id, created_by, direction), (org_key, workflow_id, run_id, created_by, direction, run_ref))
      having grouping(run_id) = 1 or run_ref is not null
    ), kept as (
      select org_key, workflow_id, null::uuid as run_id, created_by, direction, size_bytes, file_count from usage_sums
      union all
      select org_key, workflow_id, run_id, created_by, direction, size_bytes, file_count from run_sums join runs using (run_ref)
    ), compared as (
      select
        coalesce(kept.org_key, actual.org_key) as org_key, coalesce(kept.workflow_id, actual.workflow_id) as workflow_id,
        coalesce(kept.run_id, actual.run_id) as run_id, coalesce(kept.created_by, actual.created_by) as created_by,
        coalesce(kept.direction, actual.direction) as direction,
        coalesce(kept.size_bytes, 0) as kept_size_bytes, coalesce(kept.file_count, 0) as kept_file_count,
        coalesce(actual.size_bytes, 0) as actual_size_bytes, coalesce(actual.file_count, 0) as actual_file_count
      from actual full join kept on
        kept.org_key = actual.org_key and kept.workflow_id = actual.workflow_id and kept.created_by = actual.created_by
        and kept.direction = actual.direction
        and coalesce(kept.run_id::text, '') = coalesce(actual.run_id::text, '')
    )
    select
      org_key, workflow_id, run_id, created_by, direction,
      kept_size_bytes::text, kept_file_count::text, actual_size_bytes::text, actual_file_count::text
    from compared
    where kept_size_bytes <> actual_size_bytes or kept_file_count <> actual_file_count
    order by org_key, workflow_id, run_id nulls first, created_by, direction
    limit ${limit}`
}
