import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { objectIndexes } from '../migrations/0009-runs.js'

/**
 * Makes the indexes on files that lists need and that are not there yet, while others read and write: it takes as long as
 * reading the table twice. One that was given up half-made is made again.
 *
 * @param database whose connections have no bound on the time of a statement
 * @param options.signal cancels the statement under way, by way of `cancelling`
 * @returns the names of those that it made
 * @throws when the database does not answer, or the statement was cancelled
 */
export async function makeObjectIndexes (
  database: Kysely<Database>, { cancelling, signal }: { cancelling: Kysely<Database>, signal: AbortSignal },
): Promise<string[]> {
  return await database.connection().execute(async (connection) => {
    const { rows: [session] } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(connection)
    const cancel = () => {
      sql`select pg_cancel_backend(${session?.pid})`.execute(cancelling).catch(() => {})
    }
    signal.addEventListener('abort', cancel)
    try {
      const made: string[] = []
      for (const { name, definition } of objectIndexes) {
        signal.throwIfAborted()
        if (await makeIndex(connection, name, definition)) made.push(name)
      }
      return made
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  })
}

async function makeIndex (connection: Kysely<Database>, name: string, definition: string): Promise<boolean> {
  const { rows: [found] } = await sql<{ is_valid: boolean }>`
    select indisvalid as is_valid from pg_index where indexrelid = to_regclass(${name})`.execute(connection)
  if (found?.is_valid === true) return false
  if (found !== undefined) await sql.raw(`drop index ${name}`).execute(connection)
  await sql.raw(`create index concurrently ${name} on ${definition}`).execute(connection)
  return true
}
