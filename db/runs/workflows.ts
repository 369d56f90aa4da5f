import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { cutPage } from '../connection/page.js'
import { nullableDateOf, nullableEpochMs } from '../connection/time.js'
import { exactNumber } from '../usage/storage-usage.js'
import { caseInsensitivePattern } from './case-insensitive.js'
import { rankOfTime, rankedPage, writeRank } from './ranked.js'

/** What workflows can be sorted by: the most first. */
export type WorkflowSort = 'bytes' | 'files' | 'newest'

/** Which workflows are listed, and which of their files count. */
export interface WorkflowsQuery {
  orgKey: string
  /** Counts only this user's files; undefined: everyone's. */
  createdBy: string | undefined
  /** Only workflows with this text in their name or identifier, in any case. */
  search: string | undefined
  sort: WorkflowSort
}

/** A workflow that has files. */
interface ListedWorkflow {
  workflowId: string
  /** The workflow's id if it has no name. */
  workflowName: string
  bytes: number
  fileCount: number
  /** When the newest event included in the figures happened; null if there is none. */
  newestEventAt: Date | null
}

/**
 * Lists workflows that have files; a page shows one instant. Costs as much as the organisation has workflows and users.
 *
 * @param page.after where the previous page ended; undefined for the first page
 * @returns the page, and where it ends unless it is the last one
 * @throws {InexactSumError} if a figure exceeds 2^53−1
 */
export async function listWorkflows (
  database: Kysely<Database>, query: WorkflowsQuery, { after, limit }: { after: string | undefined, limit: number },
): Promise<{ workflows: ListedWorkflow[], end: string | undefined }> {
  const { rows } = await listWorkflowsQuery(query, { after, limit: limit + 1 }).execute(database)
  const { shown, last } = cutPage(rows, limit)
  return {
    workflows: shown.map((row) => ({
      workflowId: row.id,
      workflowName: row.workflow_name,
      bytes: exactNumber(BigInt(row.size_bytes)),
      fileCount: exactNumber(BigInt(row.file_count)),
      newestEventAt: nullableDateOf(row.newest_ms),
    })),
    end: last && writeRank(last),
  }
}

/** Sums are text: they may exceed 64 bits. */
interface WorkflowRow extends Record<'id' | 'workflow_name' | 'size_bytes' | 'file_count' | 'rank', string> {
  newest_ms: bigint | null
}

const ranks = {
  bytes: sql`size_bytes`,
  files: sql`file_count`,
  newest: rankOfTime(sql`newest_ms`),
}

export function listWorkflowsQuery (
  { orgKey, createdBy, search, sort }: WorkflowsQuery, { after, limit }: { after: string | undefined, limit: number },
) {
  const isFound = search === undefined
    ? sql``
    : sql`where workflow_name ~ ${caseInsensitivePattern(search)} or id::text ~ ${caseInsensitivePattern(search)}`
  return sql<WorkflowRow>`
    with sums as (
      select
        workflow_id as id, sum(size_bytes) as size_bytes, sum(file_count) as file_count,
        ${nullableEpochMs(sql`max(newest_event_at)`)} as newest_ms
      from usage_sums
      where org_key = ${orgKey} and file_count > 0${createdBy === undefined ? sql`` : sql` and created_by = ${createdBy}`}
      group by workflow_id
    ), named as (
      select sums.*, coalesce(workflows.name, sums.id::text) as workflow_name
      from sums left join workflows on workflows.workflow_id = sums.id and workflows.org_key = ${orgKey}
    ), ranked as (
      select named.*, ${ranks[sort]}::numeric as rank from named ${isFound}
    )
    select id, workflow_name, size_bytes::text, file_count::text, newest_ms, rank::text
    from ranked ${rankedPage(after, limit)}`
}
