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
  const made: string[] = []
  for (const { name, definition } of objectIndexes) {
    const statement = `create index concurrently ${name} on ${definition}`
    const cancel = () => { cancelStatement(cancelling, statement).catch(() => {}) }
    signal.throwIfAborted()
    signal.addEventListener('abort', cancel)
    try {
      if (await makeIndex(database, name, statement)) made.push(name)
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }
  return made
}

async function makeIndex (database: Kysely<Database>, name: string, statement: string): Promise<boolean> {
  const { rows: [found] } = await sql<{ is_valid: boolean }>`
    select indisvalid as is_valid from pg_index where indexrelid = to_regclass(${name})`.execute(database)
  if (found?.is_valid === true) return false
  if (found !== undefined) await sql.raw(`drop index ${name}`).execute(database)
  await sql.raw(statement).execute(database)
  return true
}

/** By its text: behind a pooler, the connection that a statement was sent on tells nothing of the session that runs it. */
async function cancelStatement (database: Kysely<Database>, statement: string): Promise<void> {
  await sql`
    select pg_cancel_backend(pid) from pg_stat_activity
    where datname = current_database() and query = ${statement}`.execute(database)
}
