import { type Kysely, sql } from 'kysely'
import type { Database } from './tables.js'

/**
 * Whether two connections are seen to share a session, as they do behind a pooler that assigns one per transaction: the second
 * connection finds itself in the first one's session between two of its transactions. A negative answer does not rule out a
 * pooler.
 */
export async function seesSharedSessions (database: Kysely<Database>): Promise<boolean> {
  return await database.connection().execute(async (connection) => {
    const first = await readProcessId(connection)
    return await database.transaction().execute(async (transaction) =>
      await readProcessId(transaction) === first || await readProcessId(connection) !== first)
  })
}

async function readProcessId (database: Kysely<Database>): Promise<number | undefined> {
  const { rows: [row] } = await sql<{ id: number }>`select pg_backend_pid() as id`.execute(database)
  return row?.id
}
