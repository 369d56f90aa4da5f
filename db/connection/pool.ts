import {
  Kysely, type Logger, type PostgresCursor, PostgresDialect, type PostgresPool, type PostgresPoolClient,
  type PostgresQueryResult,
} from 'kysely'
import pg from 'pg'
import type { Database } from './tables.js'
import { preparedName } from './prepared-statement.js'
import { rawTimeTypes, refuseRawTime } from './raw-time.js'
import { sqlState } from './sql-state.js'

/** Bounds on waiting for the database and on what its connections keep, in milliseconds. */
export interface ConnectionBounds {
  connectTimeoutMs: number
  /** The server ends a statement that takes longer. */
  statementTimeoutMs: number
  /** A server that has not answered a statement by then is given up: it is frozen, or cut off. */
  answerTimeoutMs: number
  /** The server ends a transaction whose next statement does not come: this process is frozen, and its locks should go. */
  idleInTransactionTimeoutMs: number
  /** How long a connection keeps the plans of its prepared statements. */
  planMaxAgeMs: number
}

const defaultBounds: ConnectionBounds = {
  connectTimeoutMs: 3_000,
  statementTimeoutMs: 10_000,
  answerTimeoutMs: 12_000,
  idleInTransactionTimeoutMs: 10_000,
  // A kept plan suits the sizes that tables had when it was made: one for empty tables reads them whole.
  planMaxAgeMs: 1_000,
}
// What PostgreSQL says before it closes a connection, or what leaves one in doubt. The severity does not tell: FATAL is
// written in the server's language.
const sessionEnd = /^(08|28|3D|57P|58|XX|F0|53300|25P0[34])/
/** Connections that one process has at most; a query that finds all in use waits for `connectTimeoutMs`. */
export const POOL_SIZE = 10

/**
 * Opens a pool of connections to PostgreSQL; none is made before the first query. No statement is waited for without a
 * bound, and a connection that failed is never used again. A statement that selects a time as it is throws {TypeError}.
 *
 * @param onConnectionError hears of connections that broke while no statement ran on them; the pool replaces them by itself
 * @param onStatement hears of every statement once it has ended
 */
export function connectPostgres (
  connectionString: string, onConnectionError: (error: Error) => void, bounds: Partial<ConnectionBounds> = {},
  onStatement: Logger = () => {},
): Kysely<Database> {
  const { planMaxAgeMs, ...timeouts } = { ...defaultBounds, ...bounds }
  const pool = new pg.Pool({
    connectionString,
    max: POOL_SIZE,
    connectionTimeoutMillis: timeouts.connectTimeoutMs,
    statement_timeout: timeouts.statementTimeoutMs,
    idle_in_transaction_session_timeout: timeouts.idleInTransactionTimeoutMs,
    query_timeout: timeouts.answerTimeoutMs,
    keepAlive: true,
    application_name: 'objects-storage',
    types: { getTypeParser: typeParser },
  })
  pool.on('error', onConnectionError)
  const checkedPool = new CheckedPool(pool, onConnectionError, planMaxAgeMs)
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool: checkedPool }), log: onStatement })
}

const typeParser: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') => {
  if (oid === pg.types.builtins.INT8) return BigInt
  return rawTimeTypes.includes(oid) ? refuseRawTime : pg.types.getTypeParser(oid, format)
}

/** A pool that keeps watching connections while they are in use, and takes none back that failed. */
class CheckedPool implements PostgresPool {
  readonly #pool: pg.Pool
  readonly #onConnectionError: (error: Error) => void
  /** When the plans of each connection were last discarded, in milliseconds since 1970. */
  readonly #plansSince = new WeakMap<pg.PoolClient, number>()
  readonly #planMaxAgeMs: number

  constructor (pool: pg.Pool, onConnectionError: (error: Error) => void, planMaxAgeMs: number) {
    this.#pool = pool
    this.#onConnectionError = onConnectionError
    this.#planMaxAgeMs = planMaxAgeMs
  }

  async connect (): Promise<PostgresPoolClient> {
    const client = await this.#pool.connect()
    return new CheckedConnection(client, this.#onConnectionError, () => this.#renewPlans(client))
  }

  async end (): Promise<void> {
    await this.#pool.end()
  }

  async #renewPlans (client: pg.PoolClient): Promise<void> {
    const since = this.#plansSince.get(client)
    const now = Date.now()
    if (since !== undefined && now - since < this.#planMaxAgeMs) return
    if (since !== undefined) await client.query('discard plans')
    this.#plansSince.set(client, now)
  }
}

class CheckedConnection implements PostgresPoolClient {
  readonly #client: pg.PoolClient
  readonly #onError: (error: Error) => void
  readonly #renewPlans: () => Promise<void>
  #failure: Error | undefined

  constructor (client: pg.PoolClient, onConnectionError: (error: Error) => void, renewPlans: () => Promise<void>) {
    this.#client = client
    this.#renewPlans = renewPlans
    this.#onError = (error) => {
      this.#failure ??= error
      onConnectionError(error)
    }
    // node-postgres watches idle connections only: without a listener, one that breaks between two statements of a
    // transaction would end the process.
    client.on('error', this.#onError)
  }

  query<Row> (sql: string, parameters: ReadonlyArray<unknown>): Promise<PostgresQueryResult<Row>>
  query<Row> (cursor: PostgresCursor<Row>): PostgresCursor<Row>
  query<Row> (
    statement: string | PostgresCursor<Row>, parameters: ReadonlyArray<unknown> = [],
  ): Promise<PostgresQueryResult<Row>> | PostgresCursor<Row> {
    if (typeof statement !== 'string') throw new TypeError('Cursors are not used here.')
    return this.#run<Row>(statement, parameters)
  }

  release (): void {
    this.#client.removeListener('error', this.#onError)
    this.#client.release(this.#failure)
  }

  async #run<Row> (sql: string, parameters: ReadonlyArray<unknown>): Promise<PostgresQueryResult<Row>> {
    // A statement after a failure, such as ROLLBACK, would wait behind the one that is still not answered.
    if (this.#failure !== undefined) throw this.#failure
    try {
      const name = preparedName(sql)
      if (name !== undefined) await this.#renewPlans()
      const { rowCount, rows } = await this.#client.query({ name, text: sql, values: [...parameters] })
      // Kysely wants a command that has affected rows; which one makes no difference to it.
      return { command: 'UPDATE', rowCount: rowCount ?? 0, rows }
    } catch (error) {
      // After an error of a statement the connection continues; any other one is its end.
      const isOfStatement = error instanceof pg.DatabaseError && !sessionEnd.test(sqlState(error))
      if (error instanceof Error && !isOfStatement) this.#failure = error
      throw error
    }
  }
}
