import { type Kysely, sql } from 'kysely'
import type { Database } from './database.js'

/** What an organisation stores, or one user of it. */
export interface StorageUsage {
  orgKey: string
  totalBytes: number
  inputBytes: number
  outputBytes: number
  fileCount: number
  /** What the organisation may store; undefined where that is not limited, and in the usage of one user. */
  quotaBytes?: number
  /** When the newest event happened that the figures hold; null where none does. */
  asOf: Date | null
  /** When the last complete reconcile of the organisation began: what the bucket held then is counted. */
  reconciledAt: Date | null
  /** Every workflow that has files, by bytes descending, then by id. */
  breakdown: Array<{
    workflowId: string
    /** The workflow's id where it has no name. */
    workflowName: string
    bytes: number
    fileCount: number
  }>
}

/** A sum is beyond 2^53−1 and would lose digits as a JSON number. */
export class InexactSumError extends RangeError {
  override name = 'InexactSumError'
}

/**
 * Reads the kept sums in one statement, so that all figures are of one instant. Costs as much as the organisation has
 * workflows and users, whatever the number of files.
 *
 * @throws {InexactSumError} when a figure exceeds 2^53−1
 */
export async function readStorageUsage (
  database: Kysely<Database>, filter: { orgKey: string, createdBy?: string | undefined },
): Promise<StorageUsage> {
  const rows = await storageUsageQuery(database, filter).execute()
  let inputBytes = 0n
  let outputBytes = 0n
  let fileCount = 0n
  const breakdown = rows.flatMap((workflow) => {
    // Where there is no workflow, one row tells how fresh that is.
    if (workflow.workflow_id === null) return []
    const workflowInputBytes = BigInt(workflow.input_bytes ?? 0)
    const workflowOutputBytes = BigInt(workflow.output_bytes ?? 0)
    const workflowFileCount = BigInt(workflow.file_count ?? 0)
    inputBytes += workflowInputBytes
    outputBytes += workflowOutputBytes
    fileCount += workflowFileCount
    return [{
      workflowId: workflow.workflow_id,
      workflowName: workflow.workflow_name ?? workflow.workflow_id,
      bytes: exactNumber(workflowInputBytes + workflowOutputBytes),
      fileCount: exactNumber(workflowFileCount),
    }]
  })
  const quotaBytes = rows[0]?.quota_bytes ?? null
  return {
    orgKey: filter.orgKey,
    totalBytes: exactNumber(inputBytes + outputBytes),
    inputBytes: exactNumber(inputBytes),
    outputBytes: exactNumber(outputBytes),
    fileCount: exactNumber(fileCount),
    ...quotaBytes === null ? {} : { quotaBytes: exactNumber(quotaBytes) },
    asOf: rows[0]?.as_of ?? null,
    reconciledAt: rows[0]?.reconciled_at ?? null,
    breakdown,
  }
}

/** The statement behind `readStorageUsage`. Sums are text: they may exceed 64 bits. */
export function storageUsageQuery (database: Kysely<Database>, filter: { orgKey: string, createdBy?: string | undefined }) {
  const { orgKey, createdBy } = filter
  return database
    .with('sums', (query) => query
      .selectFrom('usage_sums')
      .where('org_key', '=', orgKey)
      .where('file_count', '>', 0n)
      .$if(createdBy !== undefined, (byUser) => byUser.where('created_by', '=', createdBy ?? ''))
      .groupBy('workflow_id')
      .select([
        'workflow_id',
        sql<string>`coalesce(sum(size_bytes) filter (where direction = 'inputs'), 0)`.as('input_bytes'),
        sql<string>`coalesce(sum(size_bytes) filter (where direction = 'outputs'), 0)`.as('output_bytes'),
        sql<string>`sum(file_count)`.as('file_count'),
      ]))
    .with('freshness', (query) => query
      .selectNoFrom([
        (eb) => eb.selectFrom('usage_sums')
          .where('org_key', '=', orgKey)
          .$if(createdBy !== undefined, (byUser) => byUser.where('created_by', '=', createdBy ?? ''))
          .select((sums) => sums.fn.max('newest_event_at').as('newest_event_at'))
          .as('as_of'),
        // One of all organisations reconciles each.
        (eb) => eb.selectFrom('reconciliations')
          .where('status', '=', 'complete')
          .where('prefix', 'in', ['', `${orgKey}/`])
          .select((runs) => runs.fn.max('started_at').as('started_at'))
          .as('reconciled_at'),
        createdBy === undefined
          ? sql<bigint | null>`(select quota_bytes from orgs where org_key = ${orgKey})`.as('quota_bytes')
          : sql<bigint | null>`null::bigint`.as('quota_bytes'),
      ]))
    .selectFrom('freshness')
    .leftJoin('sums', (join) => join.onTrue())
    .leftJoin('workflows', (join) => join
      .onRef('workflows.workflow_id', '=', 'sums.workflow_id').on('workflows.org_key', '=', orgKey))
    .select([
      'freshness.as_of',
      'freshness.reconciled_at',
      'freshness.quota_bytes',
      'sums.workflow_id',
      sql<string | null>`coalesce(workflows.name, sums.workflow_id::text)`.as('workflow_name'),
      sql<string | null>`sums.input_bytes::text`.as('input_bytes'),
      sql<string | null>`sums.output_bytes::text`.as('output_bytes'),
      sql<string | null>`sums.file_count::text`.as('file_count'),
    ])
    .orderBy(sql`sums.input_bytes + sums.output_bytes`, 'desc')
    .orderBy('sums.workflow_id')
}

/**
 * A sum as a JSON number.
 *
 * @throws {InexactSumError} beyond 2^53−1
 */
export function exactNumber (sum: bigint): number {
  if (sum > BigInt(Number.MAX_SAFE_INTEGER)) throw new InexactSumError('A sum exceeds 2^53-1.')
  return Number(sum)
}
