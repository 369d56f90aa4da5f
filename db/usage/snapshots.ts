import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { databaseNow } from '../connection/time.js'
import { type LeaseClaim, inTransactionUnder, underLease } from '../leases.js'

/** The number of days before today for which usage is kept. */
const HISTORY_MAX_DAYS = 400

const DAY_MS = 24 * 60 * 60 * 1000
const LEASE_NAME = 'usage-snapshots'

/** Which day's snapshot was taken, and how. */
export interface TakenDay {
  /** YYYY-MM-DD, UTC. */
  day: string
  /** Whether the day's end was missed, so that its figures are from a later time. */
  isFilled: boolean
}

/**
 * Takes the usage snapshot of every day that has ended and has none yet, oldest first, and deletes days that are too old. The
 * first call ever makes its own day the first one, to be taken at its end: earlier days are unknown. A missed day gets the sums
 * as they are now, and is marked.
 *
 * Any number of replicas may call this at any time: each day is taken once, and a replica that calls it while another is at
 * work leaves the work to that one. The database decides which days have ended (UTC), whatever this process's clock shows.
 *
 * @param options.now another clock than the database's
 * @param options.signal stops it between two days
 * @returns the days that this call took
 */
export async function takeDueSnapshots (
  database: Kysely<Database>, { now = databaseNow, signal }: { now?: RawBuilder<Date>, signal?: AbortSignal } = {},
): Promise<TakenDay[]> {
  await sql`
    insert into usage_history_start (began_on) select (${now} at time zone 'UTC')::date
    where not exists (select from usage_history_start)
    on conflict (is_only) do nothing`.execute(database)
  if (await readDueDay(database, now) === undefined) return []
  const taken: TakenDay[] = []
  await underLease(database, LEASE_NAME, async (lease) => {
    while (signal?.aborted !== true) {
      const day = await takeNextSnapshot(database, lease, now)
      if (day === undefined) break
      taken.push(day)
    }
  })
  return taken
}

/** Today's date by the database's clock (UTC), as YYYY-MM-DD. */
export async function readToday (database: Kysely<Database>): Promise<string> {
  const { rows: [row] } = await sql<{ today: string }>`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD') as today`.execute(database)
  if (row === undefined) throw new Error('The statement for the day gave no row.')
  return row.today
}

/** The UTC day `daysBefore` days before a time, as YYYY-MM-DD. */
export function utcDay (time: Date, daysBefore = 0): string {
  return new Date(time.getTime() - daysBefore * DAY_MS).toISOString().slice(0, 10)
}

async function takeNextSnapshot (
  database: Kysely<Database>, lease: LeaseClaim, now: RawBuilder<Date>,
): Promise<TakenDay | undefined> {
  return await inTransactionUnder(database, lease, async (transaction) => {
    const due = await readDueDay(transaction, now)
    if (due === undefined) return undefined
    const { oldest, ...day } = due
    await takeSnapshotQuery(day, now).execute(transaction)
    await sql`delete from usage_days where day < ${oldest}::date`.execute(transaction)
    await sql`delete from usage_snapshots where day < ${oldest}::date`.execute(transaction)
    await forgetUsersDaysQuery(oldest).execute(transaction)
    return day
  })
}

/** The first day that has ended and has no snapshot, and the oldest day that is kept. */
async function readDueDay (
  database: Kysely<Database>, now: RawBuilder<Date>,
): Promise<TakenDay & { oldest: string } | undefined> {
  // A service that was off for years fills in no more days than it would keep. A snapshot taken within an hour of the day's end
  // counts as taken at its end.
  const { rows: [due] } = await sql<{ day: string, oldest: string, is_filled: boolean }>`
    with clock as materialized (select ${now} as now),
    days as (select now, (now at time zone 'UTC')::date as today from clock),
    due as (
      select now, today, today - ${HISTORY_MAX_DAYS}::integer as oldest, greatest(
        coalesce((select max(day) + 1 from usage_days), (select began_on from usage_history_start), today),
        today - ${HISTORY_MAX_DAYS}::integer) as day
      from days
    )
    select
      to_char(day::timestamp, 'YYYY-MM-DD') as day, to_char(oldest::timestamp, 'YYYY-MM-DD') as oldest,
      now - ((day + 1)::timestamp at time zone 'UTC') > make_interval(hours => 1) as is_filled
    from due where day < today`.execute(database)
  return due === undefined ? undefined : { day: due.day, isFilled: due.is_filled, oldest: due.oldest }
}

/**
 * A single statement, so that all figures are of one instant, and a day has either all of them or no row. Users' totals are
 * stored only if they differ from those stored last.
 */
export function takeSnapshotQuery ({ day, isFilled }: TakenDay, takenAt: RawBuilder<Date>) {
  return sql`
    with new_day as (
      insert into usage_days (day, taken_at, is_filled, has_users) values (${day}::date, ${takenAt}, ${isFilled}, true)
      on conflict (day) do nothing returning day
    ), totals as materialized (
      select
        org_key, workflow_id, created_by, coalesce(sum(size_bytes) filter (where direction = 'inputs'), 0) as input_bytes,
        coalesce(sum(size_bytes) filter (where direction = 'outputs'), 0) as output_bytes, sum(file_count) as file_count
      from usage_sums
      where exists (select from new_day)
      group by org_key, grouping sets ((workflow_id), (created_by))
    ), of_workflows as (
      insert into usage_snapshots (org_key, workflow_id, day, input_bytes, output_bytes, file_count)
      select org_key, workflow_id, new_day.day, sum(input_bytes), sum(output_bytes), sum(file_count)
      from new_day cross join totals
      where workflow_id is not null and file_count > 0
      group by new_day.day, org_key, grouping sets ((workflow_id), ())
    )
    insert into user_usage_snapshots (org_key, created_by, day, input_bytes, output_bytes, file_count)
    select users.org_key, users.created_by, new_day.day, users.input_bytes, users.output_bytes, users.file_count
    from new_day cross join totals as users left join lateral (
      select input_bytes, output_bytes, file_count from user_usage_snapshots
      where org_key = users.org_key and created_by = users.created_by
      order by day desc limit 1
    ) as last on true
    where users.created_by is not null and (users.input_bytes, users.output_bytes, users.file_count)
      is distinct from (coalesce(last.input_bytes, 0), coalesce(last.output_bytes, 0), coalesce(last.file_count, 0))`
}

/**
 * Deletes users' rows on which no kept day depends: the last row before the oldest day is kept, since it has the figures that
 * the day begins with, unless they are zero. A user whose files are long gone leaves no row.
 */
function forgetUsersDaysQuery (oldest: string) {
  return sql`
    delete from user_usage_snapshots as old
    where day <= ${oldest}::date and (day < ${oldest}::date and file_count = 0 or exists (
      select from user_usage_snapshots as newer
      where newer.org_key = old.org_key and newer.created_by = old.created_by
        and newer.day > old.day and newer.day <= ${oldest}::date))`
}
