import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { cutPage } from '../connection/page.js'
import { dateOf, epochMs, nullableDateOf, nullableEpochMs } from '../connection/time.js'
import { exactNumber } from '../usage/storage-usage.js'
import { rankedPage, writeRank } from './ranked.js'

/** What runs can be sorted by: by `id` in its order, by the others the most or the latest first. */
export type RunSort = 'newest' | 'firstSeen' | 'bytes' | 'files' | 'id'

/** Which runs are listed, and what of them counts. */
export interface RunsQuery {
  orgKey: string
  workflowId: string
  /** Only files of this user count; undefined: everyone's. */
  createdBy: string | undefined
  sort: RunSort
}

/** A run that has files. */
interface ListedRun {
  runId: string
  bytes: number
  inputBytes: number
  outputBytes: number
  fileCount: number
  /** The earliest time that is known of a file that was counted in it. */
  firstSeenAt: Date
  /** When the newest event happened that the figures hold; null where none does. */
  newestEventAt: Date | null
}

/**
 * Lists a workflow's runs that have files, a page at one instant. Costs as much as the workflow has runs, but sorted by `id` as
 * much as the page.
 *
 * @param page.after where the page before ended; undefined for the first page
 * @returns with where the page ends, unless it is the last one
 * @throws {InexactSumError} when a figure exceeds 2^53−1
 */
export async function listRuns (
  database: Kysely<Database>, query: RunsQuery, { after, limit }: { after: string | undefined, limit: number },
): Promise<{ runs: ListedRun[], end: string | undefined }> {
  const { rows } = await listRunsQuery(query, { after, limit: limit + 1 }).execute(database)
  const { shown, last } = cutPage(rows, limit)
  return {
    runs: shown.map((row) => {
      const [inputBytes, outputBytes] = [BigInt(row.input_bytes), BigInt(row.output_bytes)]
      return {
        runId: row.id,
        bytes: exactNumber(inputBytes + outputBytes),
        inputBytes: exactNumber(inputBytes),
        outputBytes: exactNumber(outputBytes),
        fileCount: exactNumber(BigInt(row.file_count)),
        firstSeenAt: dateOf(row.first_seen_ms),
        newestEventAt: nullableDateOf(row.newest_ms),
      }
    }),
    end: last && (query.sort === 'id' ? last.id : writeRank(last)),
  }
}

/** Sums are text: they may exceed 64 bits. */
interface RunRow extends Record<'id' | 'input_bytes' | 'output_bytes' | 'file_count' | 'rank', string> {
  first_seen_ms: bigint
  newest_ms: bigint | null
}

const ranks = {
  newest: sql`coalesce(newest_ms, first_seen_ms)`,
  firstSeen: sql`first_seen_ms`,
  bytes: sql`input_bytes + output_bytes`,
  files: sql`file_count`,
}

/**
 * The statement behind `listRuns`. It looks the sums of each run up, however PostgreSQL would join: reading all organisations'
 * sums would often be estimated to cost less.
 */
export function listRunsQuery (
  { orgKey, workflowId, createdBy, sort }: RunsQuery, { after, limit }: { after: string | undefined, limit: number },
) {
  const isById = sort === 'id'
  return sql<RunRow>`
    with runs_of_workflow as not materialized (
      select run_ref, run_id as id from runs
      where org_key = ${orgKey} and workflow_id = ${workflowId}${isById && after !== undefined ? sql` and run_id > ${after}` : sql``}
    ), ranked as not materialized (
      select id, sums.*, ${isById ? sql`0` : sql`(${ranks[sort]})::numeric`} as rank
      from runs_of_workflow cross join lateral (
        select
          coalesce(sum(size_bytes) filter (where direction = 'inputs'), 0) as input_bytes,
          coalesce(sum(size_bytes) filter (where direction = 'outputs'), 0) as output_bytes,
          sum(file_count) as file_count, ${epochMs(sql`min(first_seen_at)`)} as first_seen_ms,
          ${nullableEpochMs(sql`max(newest_event_at)`)} as newest_ms
        from run_sums
        where run_ref = runs_of_workflow.run_ref and file_count > 0${createdBy === undefined ? sql`` : sql` and created_by = ${createdBy}`}
      ) as sums
      where file_count is not null
    )
    select id, input_bytes::text, output_bytes::text, file_count::text, first_seen_ms, newest_ms, rank::text
    from ranked ${isById ? sql`order by id limit ${limit}` : rankedPage(after, limit)}`
}
