import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'

/** The number of files in one direction, and their bytes. */
export interface Tally {
  fileCount: bigint
  sizeBytes: bigint
}

/** Tallies of inputs and outputs. */
export type DirectionTallies = Record<'inputs' | 'outputs', Tally>

/** Whose files. */
export interface UsageScope {
  orgKey: string
  workflowId?: string | undefined
  createdBy?: string | undefined
}

/** Where tallies come from: the kept sums, those of runs, or the rows. */
export type TallySource = 'kept' | 'runs' | 'rows'

interface TallyRow {
  source: TallySource
  direction: 'inputs' | 'outputs'
  size_bytes: string
  file_count: string
}

/** Reads the kept sums, those of runs, and what the rows add up to, all at one instant. Reads every row of the scope. */
export async function readTallies (
  database: Kysely<Database>, scope: UsageScope,
): Promise<Record<TallySource, DirectionTallies>> {
  const { rows } = await talliesQuery(scope).execute(database)
  const tallies = { kept: noTallies(), runs: noTallies(), rows: noTallies() }
  for (const row of rows) {
    tallies[row.source][row.direction] = { fileCount: BigInt(row.file_count), sizeBytes: BigInt(row.size_bytes) }
  }
  return tallies
}

/** The statement behind `readTallies`. Sums are text: they may exceed 64 bits. */
function talliesQuery ({ orgKey, workflowId, createdBy }: UsageScope) {
  const inScope = sql`org_key = ${orgKey}
    ${workflowId === undefined ? sql`` : sql`and workflow_id = ${workflowId}::uuid`}
    ${createdBy === undefined ? sql`` : sql`and created_by = ${createdBy}::uuid`}`
  return sql<TallyRow>`
    select 'kept' as source, direction, sum(size_bytes)::text as size_bytes, sum(file_count)::text as file_count
    from usage_sums where ${inScope} group by direction
    union all
    select 'runs' as source, direction, sum(size_bytes)::text as size_bytes, sum(file_count)::text as file_count
    from run_sums join runs using (run_ref) where ${inScope} group by direction
    union all
    select 'rows' as source, direction, sum(size_bytes)::text as size_bytes, count(*)::text as file_count
    from objects where ${inScope} and removed_at is null group by direction`
}

export function noTallies (): DirectionTallies {
  return { inputs: { fileCount: 0n, sizeBytes: 0n }, outputs: { fileCount: 0n, sizeBytes: 0n } }
}
