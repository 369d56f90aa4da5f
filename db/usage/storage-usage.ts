import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { prefixOf } from '../../objects/object-key.js'
import { nullableDateOf, nullableEpochMs } from '../connection/time.js'
import { preparedAs } from '../connection/prepared-statement.js'

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
  const { rows: [row] } = await storageUsageQuery(filter).execute(database)
  if (row === undefined) throw new Error('The statement for storage usage gave no row.')
  let inputBytes = 0n
  let outputBytes = 0n
  let fileCount = 0n
  const breakdown = row.workflows.map((workflow) => {
    const workflowInputBytes = BigInt(workflow.input_bytes)
    const workflowOutputBytes = BigInt(workflow.output_bytes)
    const workflowFileCount = BigInt(workflow.file_count)
    inputBytes += workflowInputBytes
    outputBytes += workflowOutputBytes
    fileCount += workflowFileCount
    return {
      workflowId: workflow.workflow_id,
      workflowName: workflow.workflow_name,
      bytes: exactNumber(workflowInputBytes + workflowOutputBytes),
      fileCount: exactNumber(workflowFileCount),
    }
  })
  return {
    orgKey: filter.orgKey,
    totalBytes: exactNumber(inputBytes + outputBytes),
    inputBytes: exactNumber(inputBytes),
    outputBytes: exactNumber(outputBytes),
    fileCount: exactNumber(fileCount),
    ...row.quota_bytes === null ? {} : { quotaBytes: exactNumber(row.quota_bytes) },
    asOf: nullableDateOf(row.as_of_ms),
    reconciledAt: nullableDateOf(row.reconciled_at_ms),
    breakdown,
  }
}

/** What the statement behind `readStorageUsage` gives. */
interface StorageUsageRow {
  as_of_ms: bigint | null
  reconciled_at_ms: bigint | null
  quota_bytes: bigint | null
  /** Sums are text: they may exceed 64 bits. */
  workflows: Array<Record<'workflow_id' | 'workflow_name' | 'input_bytes' | 'output_bytes' | 'file_count', string>>
}

/**
 * The statement behind `readStorageUsage`. All workflows come in one row, as JSON: reading a row for each takes the client as
 * long again.
 */
export function storageUsageQuery ({ orgKey, createdBy }: { orgKey: string, createdBy?: string | undefined }) {
  const isOfUser = createdBy !== undefined
  const byUser = isOfUser ? sql`and created_by = ${createdBy}` : sql``
  return sql<StorageUsageRow>`${sql.raw(preparedAs(isOfUser ? 'read_storage_usage_of_user' : 'read_storage_usage'))}
    with sums as (
      select
        workflow_id,
        coalesce(sum(size_bytes) filter (where direction = 'inputs'), 0) as input_bytes,
        coalesce(sum(size_bytes) filter (where direction = 'outputs'), 0) as output_bytes,
        sum(file_count) as file_count
      from usage_sums
      where org_key = ${orgKey} and file_count > 0 ${byUser}
      group by workflow_id
    ), sorted as (
      select
        sums.workflow_id,
        coalesce(workflows.name, sums.workflow_id::text) as workflow_name,
        input_bytes::text, output_bytes::text, file_count::text
      from sums left join workflows on workflows.workflow_id = sums.workflow_id and workflows.org_key = ${orgKey}
      order by sums.input_bytes + sums.output_bytes desc, sums.workflow_id
    )
    select
      (
        select ${nullableEpochMs(sql`max(newest_event_at)`)} from usage_sums where org_key = ${orgKey} ${byUser}
      ) as as_of_ms,
      -- One of all organisations reconciles each that it did not leave out.
      ${nullableEpochMs(sql`greatest((
        select max(started_at) from reconciliations
        where status = 'complete' and prefix = '' and not (${orgKey} = any(disordered_org_keys))
      ), (
        select max(started_at) from reconciliations where status = 'complete' and prefix = ${prefixOf({ orgKey })}
      ))`)} as reconciled_at_ms,
      ${isOfUser ? sql`null::bigint` : sql`(select quota_bytes from orgs where org_key = ${orgKey})`} as quota_bytes,
      coalesce((select json_agg(sorted) from sorted), '[]') as workflows`
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
