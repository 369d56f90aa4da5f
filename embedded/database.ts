import { mkdirSync } from 'node:fs'
import { PGlite, types } from '@electric-sql/pglite'
import { Kysely, type Logger, type PostgresCursor, PostgresDialect, type PostgresPool, type PostgresPoolClient, type PostgresQueryResult } from 'kysely'

/**
 * Opens PostgreSQL in this process; it starts with the first query.
 *
 * @param directory where the data is kept, by one process at a time; without one it is in memory
 * @param onStatement hears of every statement once it has ended
 */
export function connectEmbeddedPostgres<Tables> (directory?: string, onStatement: Logger = () => {}): Kysely<Tables> {
  // PGlite makes the folder itself, but not the one around it.
  if (directory !== undefined) mkdirSync(directory, { recursive: true })
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: new EmbeddedPostgresPool(directory) }), log: onStatement })
}

/**
 * PostgreSQL in this process (PGlite) as the pool that Kysely's PostgreSQL dialect takes. PGlite has one connection, so
 * callers take turns, as with a pool of one. 64-bit integers are read as bigint.
 */
export class EmbeddedPostgresPool implements PostgresPool {
  readonly #database: PGlite
  #turn: Promise<void> = Promise.resolve()

  /** @param directory where the data is kept; without one it is in memory */
  constructor (directory?: string) {
    this.#database = new PGlite({
      ...directory === undefined ? {} : { dataDir: directory },
      parsers: { [types.INT8]: BigInt },
    })
  }

  async connect (): Promise<PostgresPoolClient> {
    const previousTurn = this.#turn
    let endTurn = () => {}
    this.#turn = new Promise((resolve) => { endTurn = resolve })
    await previousTurn
    return new EmbeddedPostgresClient(this.#database, endTurn)
  }

  async end (): Promise<void> {
    await this.#turn
    await this.#database.close()
  }
}

class EmbeddedPostgresClient implements PostgresPoolClient {
  readonly #database: PGlite
  readonly release: () => void

  constructor (database: PGlite, release: () => void) {
    this.#database = database
    this.release = release
  }

  query<Row> (sql: string, parameters: ReadonlyArray<unknown>): Promise<PostgresQueryResult<Row>>
  query<Row> (cursor: PostgresCursor<Row>): PostgresCursor<Row>
  query<Row> (
    statement: string | PostgresCursor<Row>, parameters: ReadonlyArray<unknown> = [],
  ): Promise<PostgresQueryResult<Row>> | PostgresCursor<Row> {
    if (typeof statement !== 'string') throw new TypeError('The embedded database has no cursors.')
    return this.#run<Row>(statement, parameters)
  }

  async #run<Row> (sql: string, parameters: ReadonlyArray<unknown>): Promise<PostgresQueryResult<Row>> {
    const { rows, affectedRows = 0 } = await this.#database.query<Row>(sql, [...parameters])
    // Kysely reports affected rows for these commands only; PGlite does not say which one it ran.
    return { command: 'UPDATE', rowCount: affectedRows, rows }
  }
}
