import { type Kysely, sql } from 'kysely'
import type { Database } from './tables.js'
import { databaseNow, dateOf, epochMs } from './time.js'

/** A measurement that took longer says too little, since the database may have answered at any time during it. */
const ROUND_TRIP_MAX_MS = 1_000

/**
 * The database's clock, which all replicas share, as estimated by this process: its own clock plus the offset last measured, so
 * that reading it costs no statement. Before the first measurement it is the process's own clock.
 */
export class DatabaseClock {
  #offsetMs = 0

  now (): Date {
    return new Date(Date.now() + this.#offsetMs)
  }

  /** @throws if the database does not answer; the last measurement then remains valid */
  async measure (database: Kysely<Database>): Promise<void> {
    const askedAtMs = Date.now()
    const startedAtMs = performance.now()
    const now = await readDatabaseTime(database)
    const roundTripMs = performance.now() - startedAtMs
    if (roundTripMs > ROUND_TRIP_MAX_MS) return
    this.#offsetMs = now.getTime() - (askedAtMs + roundTripMs / 2)
  }
}

/** The time by the database's clock, rounded down to a millisecond. */
export async function readDatabaseTime (database: Kysely<Database>): Promise<Date> {
  const { rows: [row] } = await sql<{ now: bigint }>`select ${epochMs(databaseNow)} as now`.execute(database)
  if (row === undefined) throw new Error('The statement for the time gave no row.')
  return dateOf(row.now)
}
