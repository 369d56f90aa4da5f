import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { cutPage } from '../connection/page.js'
import { nullableDateOf, nullableEpochMs } from '../connection/time.js'
import { rankedPage, writeRank } from '../runs/ranked.js'
import { exactNumber } from './storage-usage.js'

/** What one user of an organisation stores. */
interface UserUsage {
  createdBy: string
  bytes: number
  inputBytes: number
  outputBytes: number
  fileCount: number
  /** When the newest event included in the figures happened; null if there is none. */
  newestEventAt: Date | null
}

/**
 * Lists an organisation's users who have files, by bytes descending, then by id; a page shows one instant. Costs as much as the
 * organisation has workflows and users, whatever the number of files.
 *
 * @param page.after where the previous page ended; undefined for the first page
 * @returns the page, and where it ends unless it is the last one
 * @throws {InexactSumError} if a figure exceeds 2^53−1
 */
export async function listUserUsage (
  database: Kysely<Database>, orgKey: string, { after, limit }: { after: string | undefined, limit: number },
): Promise<{ users: UserUsage[], end: string | undefined }> {
  const { rows } = await listUserUsageQuery(orgKey, { after, limit: limit + 1 }).execute(database)
  const { shown, last } = cutPage(rows, limit)
  return {
    users: shown.map((row) => ({
      createdBy: row.id,
      bytes: exactNumber(BigInt(row.rank)),
      inputBytes: exactNumber(BigInt(row.input_bytes)),
      outputBytes: exactNumber(BigInt(row.output_bytes)),
      fileCount: exactNumber(BigInt(row.file_count)),
      newestEventAt: nullableDateOf(row.newest_ms),
    })),
    end: last && writeRank(last),
  }
}

/** Sums are text: they may exceed 64 bits. */
interface UserUsageRow extends Record<'id' | 'input_bytes' | 'output_bytes' | 'file_count' | 'rank', string> {
  newest_ms: bigint | null
}

/** The statement behind `listUserUsage`. */
export function listUserUsageQuery (orgKey: string, { after, limit }: { after: string | undefined, limit: number }) {
  return sql<UserUsageRow>`
    with sums as (
      select
        created_by as id, coalesce(sum(size_bytes) filter (where direction = 'inputs'), 0) as input_bytes,
        coalesce(sum(size_bytes) filter (where direction = 'outputs'), 0) as output_bytes, sum(file_count) as file_count,
        ${nullableEpochMs(sql`max(newest_event_at)`)} as newest_ms
      from usage_sums
      where org_key = ${orgKey}
      group by created_by
    ), ranked as (
      select sums.*, input_bytes + output_bytes as rank from sums where file_count > 0
    )
    select id, input_bytes::text, output_bytes::text, file_count::text, newest_ms, rank::text
    from ranked ${rankedPage(after, limit)}`
}
