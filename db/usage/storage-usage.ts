import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { prefixOf } from '../../objects/object-key.js'
import { nullableDateOf, nullableEpochMs } from '../connection/time.js'
import { preparedAs } from '../connection/prepared-statement.js'

/** What an organisation, or one of its users, stores. */
export interface StorageUsage {
  orgKey: string
  totalBytes: number
  inputBytes: number
  outputBytes: number
  fileCount: number
  /** What the organisation may store; undefined if that is not limited, and in the usage of one user. */
  quotaBytes?: number
  /** When the newest event included in the figures happened; null if there is none. */
  asOf: Date | null
  /** When that event was counted, by the database's clock; null if that is not known. */
  countedAt: Date | null
  /** When the organisation's last complete reconcile began: everything in the bucket at that time is counted. */
  reconciledAt: Date | null
  /** Bytes of parts of unfinished uploads in the bucket, which count against no quota; null before the first look. */
  unfinishedBytes: number | null
  /** When the last complete look at unfinished uploads began. */
  unfinishedAsOf: Date | null
  /** Every workflow that has files, by bytes descending, then by id. */
  breakdown: Array<{
    workflowId: string
    /** The workflow's id if it has no name. */
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
 * Reads the kept sums in one statement, so that all figures are of one instant. Costs as much as the organisation has workflows
 * and users, whatever the number of files.
 *
 * @throws {InexactSumError} if a figure exceeds 2^53−1
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
    countedAt: nullableDateOf(row.counted_at_ms),
    reconciledAt: nullableDateOf(row.reconciled_at_ms),
    unfinishedBytes: row.unfinished_bytes === null ? null : exactNumber(BigInt(row.unfinished_bytes)),
    unfinishedAsOf: nullableDateOf(row.unfinished_as_of_ms),
    breakdown,
  }
}

/** The row that the statement behind `readStorageUsage` returns. */
interface StorageUsageRow {
  as_of_ms: bigint | null
  counted_at_ms: bigint | null
  reconciled_at_ms: bigint | null
  quota_bytes: bigint | null
  unfinished_as_of_ms: bigint | null
  unfinished_bytes: string | null
  /** Sums are text: they may exceed 64 bits. */
  workflows: Array<Record<'workflow_id' | 'workflow_name' | 'input_bytes' | 'output_bytes' | 'file_count', string>>
}

/**
 * The statement behind `readStorageUsage`. All workflows come in one row, as JSON: a row for each would take the client twice
 * as long.
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
    ), newest as (
      select
        ${nullableEpochMs(sql`newest_event_at`)} as as_of_ms, ${nullableEpochMs(sql`newest_event_counted_at`)} as counted_at_ms
      from usage_sums
      where org_key = ${orgKey} and newest_event_at is not null ${byUser}
      order by newest_event_at desc, newest_event_counted_at desc nulls last
      limit 1
    ), looked as (
      select look_id, started_at from unfinished_looks where finished_at is not null order by look_id desc limit 1
    )
    select
      (select as_of_ms from newest) as as_of_ms,
      (select counted_at_ms from newest) as counted_at_ms,
      -- A reconcile of all organisations counts for each that it did not leave out.
      ${nullableEpochMs(sql`greatest((
        select max(started_at) from reconciliations
        where status = 'complete' and prefix = '' and not (${orgKey} = any(disordered_org_keys))
      ), (
        select max(started_at) from reconciliations where status = 'complete' and prefix = ${prefixOf({ orgKey })}
      ))`)} as reconciled_at_ms,
      ${isOfUser ? sql`null::bigint` : sql`(select quota_bytes from orgs where org_key = ${orgKey})`} as quota_bytes,
      (select ${nullableEpochMs(sql`started_at`)} from looked) as unfinished_as_of_ms,
      (select coalesce((
        select sum(part_bytes) from unfinished_sums
        where unfinished_sums.look_id = looked.look_id and org_key = ${orgKey} ${byUser}
      ), 0)::text from looked) as unfinished_bytes,
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
