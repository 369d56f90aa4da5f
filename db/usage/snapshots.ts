import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { inTransaction } from '../connection/transaction.js'

/** Days that usage is remembered for, before today. */
export const HISTORY_MAX_DAYS = 400

const DAY_MS = 24 * 60 * 60 * 1000
/** A snapshot that is taken no later than this after a day's end is of the day's end. */
const PUNCTUAL_MS = 60 * 60 * 1000
// An advisory lock is named by two numbers of 32 bits: this one stands for snapshots of usage.
const LOCK_CLASS = 0x6f626a75

/** What a day's snapshot is of. */
export interface TakenDay {
  /** YYYY-MM-DD, UTC. */
  day: string
  /** The day's end was missed, so that its figures are later ones. */
  isFilled: boolean
}

/**
 * Takes the snapshot of usage of every day that has ended and has none yet, oldest first, and forgets days that are too
 * old. The first snapshot ever is of yesterday. A missed day gets the sums as they are now, and is marked.
 *
 * Any number of replicas may call this at any time: each day is taken once, and whoever comes while another is at work
 * leaves it to that one.
 *
 * @param now says which days have ended (UTC)
 * @param signal ends it between two days
 * @returns the days that this call took
 */
export async function takeDueSnapshots (database: Kysely<Database>, now: Date, signal?: AbortSignal): Promise<TakenDay[]> {
  const taken: TakenDay[] = []
  while (signal?.aborted !== true) {
    const day = await takeNextSnapshot(database, now)
    if (day === undefined) break
    taken.push(day)
  }
  return taken
}

/** The UTC day that is so many days before a time, as YYYY-MM-DD. */
export function utcDay (time: Date, daysBefore = 0): string {
  return new Date(time.getTime() - daysBefore * DAY_MS).toISOString().slice(0, 10)
}

async function takeNextSnapshot (database: Kysely<Database>, now: Date): Promise<TakenDay | undefined> {
  return await inTransaction(database, async (transaction) => {
    const lock = await sql<{ taken: boolean }>`select pg_try_advisory_xact_lock(${LOCK_CLASS}, 0) as taken`.execute(transaction)
    if (lock.rows[0]?.taken !== true) return undefined
    const yesterday = utcDay(now, 1)
    const { last } = await transaction.selectFrom('usage_days')
      .select(sql<string | null>`max(day)::text`.as('last')).executeTakeFirstOrThrow()
    const oldest = utcDay(now, HISTORY_MAX_DAYS)
    const next = last === null ? yesterday : utcDay(new Date(last), -1)
    // A service that was off for years fills no more than it would keep.
    const day = next < oldest ? oldest : next
    if (day > yesterday) return undefined
    const isFilled = now.getTime() - (Date.parse(day) + DAY_MS) > PUNCTUAL_MS
    await takeSnapshotQuery({ day, isFilled }, now).execute(transaction)
    await sql`delete from usage_days where day < ${oldest}`.execute(transaction)
    await sql`delete from usage_snapshots where day < ${oldest}`.execute(transaction)
    return { day, isFilled }
  })
}

/** One statement, so that all figures are of one instant, and a day has them all or is not there. */
export function takeSnapshotQuery ({ day, isFilled }: TakenDay, takenAt: Date) {
  return sql`
    with new_day as (
      insert into usage_days (day, taken_at, is_filled) values (${day}, ${takenAt}, ${isFilled})
      on conflict (day) do nothing returning day
    )
    insert into usage_snapshots (org_key, workflow_id, day, input_bytes, output_bytes, file_count)
    select
      org_key, workflow_id, new_day.day, coalesce(sum(size_bytes) filter (where direction = 'inputs'), 0),
      coalesce(sum(size_bytes) filter (where direction = 'outputs'), 0), sum(file_count)
    from new_day cross join usage_sums
    where file_count > 0
    group by new_day.day, org_key, grouping sets ((workflow_id), ())`
}
