import { type Kysely, sql } from 'kysely'
import type { Database } from './tables.js'
import { databaseNow, epochMs } from './time.js'

/** A measurement that took longer, in which the answer may have been made at any time, says too little. */
const ROUND_TRIP_MAX_MS = 1_000

/**
 * The database's clock, which all replicas share, as this process knows it: from its own, and how far that was off when it was
 * last measured. So a time by it costs no statement. Before the first measurement it is the process's own.
 */
export class DatabaseClock {
  #offsetMs = 0

  now (): Date {
    return new Date(Date.now() + this.#offsetMs)
  }

  /** @throws when the database does not answer; the last measurement holds then */
  async measure (database: Kysely<Database>): Promise<void> {
    const askedAtMs = Date.now()
    const startedAtMs = performance.now()
    const { rows: [row] } = await sql<{ now: bigint }>`select ${epochMs(databaseNow)} as now`.execute(database)
    const roundTripMs = performance.now() - startedAtMs
    if (row === undefined || roundTripMs > ROUND_TRIP_MAX_MS) return
    this.#offsetMs = Number(row.now) - (askedAtMs + roundTripMs / 2)
  }
}
