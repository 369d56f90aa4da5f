import { type Kysely, sql } from 'kysely'
import { readInIndexOrder } from '../connection/index-order.js'
import type { Database } from '../connection/tables.js'
import { cutPage } from '../connection/page.js'
import { nullableDateOf, nullableEpochMs } from '../connection/time.js'
import { exactNumber } from './storage-usage.js'

/** Whose big files to list. */
export interface LargestFilesScope {
  orgKey: string
  /** undefined: everyone's. */
  createdBy: string | undefined
}

/** A big file that is counted. */
interface LargestFile {
  objectKey: string
  workflowId: string
  runId: string
  sizeBytes: number
  /** When it was put into storage; null if only a look into the bucket found it. */
  createdAt: Date | null
}

/**
 * Lists the files of 1 MiB and more by size, the biggest first, those of the same size in an arbitrary but fixed order; a page
 * shows one instant. The cost depends on the size of the page, not on how many files there are: each scope has an index.
 *
 * @param page.after where the previous page ended; undefined for the first page
 * @returns the page, and where it ends unless it is the last one
 */
export async function listLargestFiles (
  database: Kysely<Database>, scope: LargestFilesScope, { after, limit }: { after: string | undefined, limit: number },
): Promise<{ files: LargestFile[], end: string | undefined }> {
  const query = largestFilesQuery(scope, { after, limit: limit + 1 }).compile(database)
  const rows = await readInIndexOrder(database, query)
  const { shown, last } = cutPage(rows, limit)
  return {
    files: shown.map((row) => ({
      objectKey: row.object_key,
      workflowId: row.workflow_id,
      runId: row.run_id,
      sizeBytes: exactNumber(row.size_bytes),
      createdAt: nullableDateOf(row.event_time_ms),
    })),
    end: last && `${last.size_bytes} ${last.tie_breaker}`,
  }
}

interface LargestFileRow extends Record<'object_key' | 'workflow_id' | 'run_id', string> {
  size_bytes: bigint
  event_time_ms: bigint | null
  tie_breaker: bigint
}

/** The statement behind `listLargestFiles`; it repeats the indexes' conditions word for word (../migrations/0009-runs.ts). */
export function largestFilesQuery (
  { orgKey, createdBy }: LargestFilesScope, { after, limit }: { after: string | undefined, limit: number },
) {
  const ofUser = createdBy === undefined ? sql`` : sql` and created_by = ${createdBy}`
  const [sizeBytes, tieBreaker] = after?.split(' ') ?? []
  const isAfter = after === undefined
    ? sql``
    : sql`
      and (size_bytes, hashtextextended(object_key, 0)) < (${sizeBytes}::bigint, ${tieBreaker}::bigint)`
  return sql<LargestFileRow>`
    select
      object_key, workflow_id, run_id, size_bytes, ${nullableEpochMs('event_time')} as event_time_ms,
      hashtextextended(object_key, 0) as tie_breaker
    from objects
    where org_key = ${orgKey}${ofUser}
      and size_bytes >= 1048576${isAfter}
    order by size_bytes desc, hashtextextended(object_key, 0) desc
    limit ${limit}`
}
