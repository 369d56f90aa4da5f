import { type Kysely, sql } from 'kysely'
import type { Database } from './tables.js'
import { databaseNow, dateOf, epochMs } from './time.js'

/** What a database says of itself. */
export interface ServerState {
  /** The server's clock. */
  now: Date
  /** How many migrations have been applied, including those of newer builds. */
  migrationCount: number
}

/** Asks the database for its time and the state of its schema. */
export async function readServerState (database: Kysely<Database>): Promise<ServerState> {
  const { rows: [state] } = await sql<{ now: bigint, migration_count: bigint }>`
    select ${epochMs(databaseNow)} as now, (select count(*) from kysely_migration) as migration_count`.execute(database)
  if (state === undefined) throw new Error('The statement for the time gave no row.')
  return { now: dateOf(state.now), migrationCount: Number(state.migration_count) }
}
