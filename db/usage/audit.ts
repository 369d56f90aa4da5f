import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'

/** Where the kept sums and the rows disagree. */
export interface SumDifference {
  orgKey: string
  workflowId: string
  createdBy: string
  direction: 'inputs' | 'outputs'
  kept: { sizeBytes: bigint, fileCount: bigint }
  /** As the rows add up. */
  actual: { sizeBytes: bigint, fileCount: bigint }
}

/**
 * Compares the kept sums with the sums over the rows, all of one instant. Reads every row: for tests and for a command, not
 * for a request.
 *
 * @param limit how many differences to give at most
 * @returns the differences in the order of their keys; none is how it should be
 */
export async function auditSums (database: Kysely<Database>, limit = 100): Promise<SumDifference[]> {
  const { rows } = await auditSumsQuery(limit).execute(database)
  return rows.map((row) => ({
    orgKey: row.org_key,
    workflowId: row.workflow_id,
    createdBy: row.created_by,
    direction: row.direction,
    kept: { sizeBytes: BigInt(row.kept_size_bytes), fileCount: BigInt(row.kept_file_count) },
    actual: { sizeBytes: BigInt(row.actual_size_bytes), fileCount: BigInt(row.actual_file_count) },
  }))
}

interface AuditRow {
  org_key: string
  workflow_id: string
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
      select org_key, workflow_id, created_by, direction, sum(size_bytes) as size_bytes, count(*) as file_count
      from objects
      where removed_at is null
      group by org_key, workflow_id, created_by, direction
    ), compared as (
      select
        org_key, workflow_id, created_by, direction,
        coalesce(usage_sums.size_bytes, 0) as kept_size_bytes, coalesce(usage_sums.file_count, 0) as kept_file_count,
        coalesce(actual.size_bytes, 0) as actual_size_bytes, coalesce(actual.file_count, 0) as actual_file_count
      from actual full join usage_sums using (org_key, workflow_id, created_by, direction)
    )
    select
      org_key, workflow_id, created_by, direction,
      kept_size_bytes::text, kept_file_count::text, actual_size_bytes::text, actual_file_count::text
    from compared
    where kept_size_bytes <> actual_size_bytes or kept_file_count <> actual_file_count
    order by org_key, workflow_id, created_by, direction
    limit ${limit}`
}
