import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { cutPage } from '../connection/page.js'
import { readInIndexOrder } from '../connection/index-order.js'
import { dateOf, epochMs, nullableDateOf, nullableEpochMs } from '../connection/time.js'
import { exactNumber } from '../usage/storage-usage.js'
import { rankedPage, readRank, writeRank } from './ranked.js'

/**
 * What runs can be sorted by: `id` in ascending order, the others with the most or the latest first. `firstSeen` is the
 * earliest of the files that the run was first counted with, whichever user's.
 */
export type RunSort = 'newest' | 'firstSeen' | 'bytes' | 'files' | 'id'

/** Which runs are listed, and which of their files count. */
export interface RunsQuery {
  orgKey: string
  workflowId: string
  /** Counts only this user's files; undefined: everyone's. */
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
  /** The earliest known time of a file counted in it. */
  firstSeenAt: Date
  /** When the newest event included in the figures happened; null if there is none. */
  newestEventAt: Date | null
}

/**
 * Lists a workflow's runs that have files; a page shows one instant. Sorted by `firstSeen` or `id`, it costs as much as the
 * page and the runs in between without files to list; otherwise as much as the workflow has runs.
 *
 * @param page.after where the previous page ended; undefined for the first page
 * @returns the page, and where it ends unless it is the last one
 * @throws {InexactSumError} if a figure exceeds 2^53−1
 */
export async function listRuns (
  database: Kysely<Database>, query: RunsQuery, { after, limit }: { after: string | undefined, limit: number },
): Promise<{ runs: ListedRun[], end: string | undefined }> {
  const statement = listRunsQuery(query, { after, limit: limit + 1 }).compile(database)
  const rows = query.sort in indexOrders
    ? await readInIndexOrder(database, statement)
    : (await database.executeQuery(statement)).rows
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
    end: last && writeRank(last),
  }
}

/** Sums are text: they may exceed 64 bits. */
interface RunRow extends Record<'id' | 'input_bytes' | 'output_bytes' | 'file_count' | 'rank', string> {
  first_seen_ms: bigint
  newest_ms: bigint | null
}

/** What a page is sorted by, and how it is taken from `ranked`. */
type Order = (after: string | undefined, limit: number) => { rank: RawBuilder<unknown>, page: RawBuilder<unknown> }

function orderByFigure (figure: RawBuilder<unknown>): Order {
  return (after, limit) => ({ rank: sql`(${figure})::numeric`, page: rankedPage(after, limit) })
}

/** Orders that an index of `runs` provides: PostgreSQL reads it only as far as the page goes. */
const indexOrders: Record<'firstSeen' | 'id', Order> = {
  firstSeen: (after, limit) => {
    const { rank: microseconds, id } = after === undefined ? {} : readRank(after)
    const isAfter = sql`
      where (first_seen_at, id) < (timestamptz 'epoch' + ${microseconds}::bigint * interval '1 microsecond', ${id}::uuid)`
    return {
      rank: sql`(extract(epoch from runs.first_seen_at) * 1000000)::bigint`,
      page: sql`${after === undefined ? sql`` : isAfter} order by first_seen_at desc, id desc limit ${limit}`,
    }
  },
  id: (after, limit) => {
    const { id } = after === undefined ? {} : readRank(after)
    return { rank: sql`0`, page: sql`${after === undefined ? sql`` : sql`where id > ${id}`} order by id limit ${limit}` }
  },
}

const orders: Record<RunSort, Order> = {
  newest: orderByFigure(sql`coalesce(newest_ms, first_seen_ms)`),
  bytes: orderByFigure(sql`input_bytes + output_bytes`),
  files: orderByFigure(sql`file_count`),
  ...indexOrders,
}

/**
 * The statement behind `listRuns`. It is written so that the sums are looked up run by run: PostgreSQL would often estimate
 * that reading the sums of all organisations costs less.
 */
export function listRunsQuery (
  { orgKey, workflowId, createdBy, sort }: RunsQuery, { after, limit }: { after: string | undefined, limit: number },
) {
  const { rank, page } = orders[sort](after, limit)
  return sql<RunRow>`
    with ranked as not materialized (
      select run_id as id, runs.first_seen_at, sums.*, ${rank} as rank
      from runs cross join lateral (
        select
          coalesce(sum(size_bytes) filter (where direction = 'inputs'), 0) as input_bytes,
          coalesce(sum(size_bytes) filter (where direction = 'outputs'), 0) as output_bytes,
          sum(file_count) as file_count, ${epochMs(sql`min(first_seen_at)`)} as first_seen_ms,
          ${nullableEpochMs(sql`max(newest_event_at)`)} as newest_ms
        from run_sums
        where run_ref = runs.run_ref and file_count > 0${createdBy === undefined ? sql`` : sql` and created_by = ${createdBy}`}
      ) as sums
      where org_key = ${orgKey} and workflow_id = ${workflowId} and file_count is not null
    )
    select id, input_bytes::text, output_bytes::text, file_count::text, first_seen_ms, newest_ms, rank::text
    from ranked ${page}`
}
