import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { exactNumber } from './storage-usage.js'

/** What an organisation, or one of its workflows or users, stored at the end of a day. */
export interface UsageDay {
  /** YYYY-MM-DD, UTC. */
  date: string
  totalBytes: number
  inputBytes: number
  outputBytes: number
  fileCount: number
  /** Whether the day's end was missed, so that the figures are from a later time. */
  isFilled: boolean
}

/** Which days to read, both ends included, and whose. */
export interface UsageHistoryFilter {
  orgKey: string
  /** undefined for all workflows. */
  workflowId?: string | undefined
  /**
   * undefined for all users. What a user stored in a particular workflow is not recorded, so only one of the two may be given.
   */
  createdBy?: string | undefined
  /** YYYY-MM-DD, UTC. */
  from: string
  to: string
  /** The day that has not ended yet, whose figures are the current ones. */
  today: string
}

/**
 * Reads what was stored day by day, oldest first. Days about which nothing is known are left out: those before the service was
 * first started, and those before the first day, as far back as snapshots go, at whose end the organisation had a file. The
 * same holds for a user; days taken by a build before 0.2 are left out, too. Costs a row per day, and for today as much as
 * reading the current usage.
 *
 * @throws {InexactSumError} if a figure exceeds 2^53−1
 */
export async function readUsageHistory (database: Kysely<Database>, filter: UsageHistoryFilter): Promise<UsageDay[]> {
  const { createdBy, ...days } = filter
  const query = createdBy === undefined ? usageHistoryQuery(days) : userUsageHistoryQuery({ ...days, createdBy })
  const { rows } = await query.execute(database)
  return rows.map((row) => {
    const inputBytes = BigInt(row.input_bytes)
    const outputBytes = BigInt(row.output_bytes)
    return {
      date: row.date,
      totalBytes: exactNumber(inputBytes + outputBytes),
      inputBytes: exactNumber(inputBytes),
      outputBytes: exactNumber(outputBytes),
      fileCount: exactNumber(BigInt(row.file_count)),
      isFilled: row.is_filled,
    }
  })
}

interface UsageDayRow {
  date: string
  is_filled: boolean
  input_bytes: string
  output_bytes: string
  file_count: string
}

/** The statement behind `readUsageHistory` of all users. Sums are text: they may exceed 64 bits. */
export function usageHistoryQuery ({ orgKey, workflowId, from, to, today }: Omit<UsageHistoryFilter, 'createdBy'>) {
  const ofWorkflow = workflowId === undefined ? sql`is null` : sql`= ${workflowId}`
  const andOfWorkflow = workflowId === undefined ? sql`` : sql` and workflow_id = ${workflowId}`
  // A bare min(day) would search the index by day, across all organisations.
  return sql<UsageDayRow>`
    with known as materialized (
      select min(day + 0) as first_day from usage_snapshots where org_key = ${orgKey} and workflow_id is null
    )
    select
      to_char(usage_days.day::timestamp, 'YYYY-MM-DD') as date, is_filled, coalesce(input_bytes, 0)::text as input_bytes,
      coalesce(output_bytes, 0)::text as output_bytes, coalesce(file_count, 0)::text as file_count
    from usage_days left join usage_snapshots
      on usage_snapshots.day = usage_days.day and org_key = ${orgKey} and workflow_id ${ofWorkflow}
    where usage_days.day between ${from}::date and ${to}::date and usage_days.day < ${today}::date
      and usage_days.day >= (select first_day from known)
      and usage_days.day >= coalesce((select began_on from usage_history_start), '-infinity')
    union all
    select
      ${today}, false, coalesce(sum(size_bytes) filter (where direction = 'inputs'), 0)::text,
      coalesce(sum(size_bytes) filter (where direction = 'outputs'), 0)::text, coalesce(sum(file_count), 0)::text
    from usage_sums
    where org_key = ${orgKey}${andOfWorkflow}
    having ${today}::date between ${from}::date and ${to}::date
    order by date`
}

/** The statement behind `readUsageHistory` for one user. A day has the figures of the user's last row up to then. */
export function userUsageHistoryQuery (
  { orgKey, createdBy, from, to, today }: Omit<UsageHistoryFilter, 'workflowId' | 'createdBy'> & { createdBy: string },
) {
  return sql<UsageDayRow>`
    select
      to_char(usage_days.day::timestamp, 'YYYY-MM-DD') as date, is_filled, last.input_bytes::text as input_bytes,
      last.output_bytes::text as output_bytes, last.file_count::text as file_count
    from usage_days cross join lateral (
      select input_bytes, output_bytes, file_count from user_usage_snapshots
      where org_key = ${orgKey} and created_by = ${createdBy} and user_usage_snapshots.day <= usage_days.day
      order by user_usage_snapshots.day desc limit 1
    ) as last
    where usage_days.day between ${from}::date and ${to}::date and usage_days.day < ${today}::date and has_users
      and usage_days.day >= coalesce((select began_on from usage_history_start), '-infinity')
    union all
    select
      ${today}, false, coalesce(sum(size_bytes) filter (where direction = 'inputs'), 0)::text,
      coalesce(sum(size_bytes) filter (where direction = 'outputs'), 0)::text, coalesce(sum(file_count), 0)::text
    from usage_sums
    where org_key = ${orgKey} and created_by = ${createdBy}
    having ${today}::date between ${from}::date and ${to}::date
    order by date`
}
