import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Database } from './database.js'

const CONNECT_TIMEOUT_MS = 3_000
const STATEMENT_TIMEOUT_MS = 10_000
// The server ends a slow statement itself; this one also ends the wait for a server that is frozen or cut off.
const QUERY_TIMEOUT_MS = 12_000
const POOL_SIZE = 10

/**
 * Opens a pool of connections to PostgreSQL; none is made before the first query.
 *
 * @param onIdleError hears of connections that broke while idle; the pool replaces them by itself
 */
export function connectPostgres (connectionString: string, onIdleError: (error: Error) => void): Kysely<Database> {
  const pool = new pg.Pool({
    connectionString,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'objects-storage',
    types: { getTypeParser: typeParser },
  })
  pool.on('error', onIdleError)
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
}

const typeParser: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') =>
  oid === pg.types.builtins.INT8 ? BigInt : pg.types.getTypeParser(oid, format)
