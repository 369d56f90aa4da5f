import { type Kysely, sql } from 'kysely'
import type { Database } from './database.js'

/** What an organisation stores, or one user of it. */
export interface StorageUsage {
  orgKey: string
  totalBytes: number
  inputBytes: number
  outputBytes: number
  fileCount: number
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
  const workflows = await storageUsageQuery(database, filter).execute()
  let inputBytes = 0n
  let outputBytes = 0n
  let fileCount = 0n
  const breakdown = workflows.map((workflow) => {
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
    .selectFrom('sums')
    .leftJoin('workflows', (join) => join
      .onRef('workflows.workflow_id', '=', 'sums.workflow_id').on('workflows.org_key', '=', orgKey))
    .select([
      'sums.workflow_id',
      sql<string>`coalesce(workflows.name, sums.workflow_id::text)`.as('workflow_name'),
      sql<string>`sums.input_bytes::text`.as('input_bytes'),
      sql<string>`sums.output_bytes::text`.as('output_bytes'),
      sql<string>`sums.file_count::text`.as('file_count'),
    ])
    .orderBy(sql`sums.input_bytes + sums.output_bytes`, 'desc')
    .orderBy('sums.workflow_id')
}

function exactNumber (sum: bigint): number {
  if (sum > BigInt(Number.MAX_SAFE_INTEGER)) throw new InexactSumError('A sum exceeds 2^53-1.')
  return Number(sum)
}
