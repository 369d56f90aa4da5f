import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { objectIndexes } from '../migrations/0009-runs.js'

/**
 * Creates the indexes on files that lists need and that do not exist yet, while others read and write: this takes as long as
 * reading the table twice. An index that was left half-built is built again.
 *
 * @param options.unbounded the same database, over connections without a time limit on statements. Behind a pooler they do not
 *   have the schema that the URL names either, so the statements name it
 * @param options.signal cancels the current statement, through `database`
 * @returns the names of the indexes that it created
 * @throws if the database does not answer, or the statement was cancelled
 */
export async function makeObjectIndexes (
  database: Kysely<Database>, { unbounded, signal }: { unbounded: Kysely<Database>, signal: AbortSignal },
): Promise<string[]> {
  const made: string[] = []
  const schema = await readSchema(database)
  for (const { name, definition } of objectIndexes) {
    const validity = await readValidity(database, `${schema}.${name}`)
    if (validity === 'valid') continue
    signal.throwIfAborted()
    if (validity === 'invalid') await sql.raw(`drop index ${schema}.${name}`).execute(unbounded)
    const statement = `create index concurrently ${name} on ${schema}.${definition}`
    const cancel = () => { cancelStatement(database, statement).catch(() => {}) }
    signal.throwIfAborted()
    signal.addEventListener('abort', cancel)
    try {
      await sql.raw(statement).execute(unbounded)
      made.push(name)
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }
  return made
}

/** The schema of the table of files, quoted as an identifier. */
async function readSchema (database: Kysely<Database>): Promise<string> {
  const { rows: [table] } = await sql<{ schema: string }>`
    select quote_ident(nspname) as schema from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where pg_class.oid = to_regclass('objects')`.execute(database)
  if (table === undefined) throw new Error('The database has no table of files.')
  return table.schema
}

async function readValidity (database: Kysely<Database>, index: string): Promise<'valid' | 'invalid' | 'missing'> {
  const { rows: [found] } = await sql<{ is_valid: boolean }>`
    select indisvalid as is_valid from pg_index where indexrelid = to_regclass(${index})`.execute(database)
  if (found === undefined) return 'missing'
  return found.is_valid ? 'valid' : 'invalid'
}

/**
 * Finds the statement by its text: behind a pooler, the connection it was sent on says nothing about the session that runs it.
 */
async function cancelStatement (database: Kysely<Database>, statement: string): Promise<void> {
  await sql`
    select pg_cancel_backend(pid) from pg_stat_activity
    where datname = current_database() and query = ${statement}`.execute(database)
}
