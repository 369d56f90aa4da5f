import { mkdirSync, statfsSync } from 'node:fs'
import { types } from '@electric-sql/pglite'
import { Kysely, type Logger, type PostgresCursor, PostgresDialect, type PostgresPool, type PostgresPoolClient, type PostgresQueryResult } from 'kysely'
import { rawTimeTypes, refuseRawTime } from '../../db/connection/raw-time.js'
import { CrashablePostgres } from './crashable-postgres.js'

/**
 * Opens PostgreSQL in this process; it starts with the first query.
 *
 * @param directory where the data is kept, by one process at a time; in memory if omitted
 * @param onStatement called for every statement once it has ended
 * @param onCrash called with why PostgreSQL terminated itself, as it does if its log does not fit on the disk; it restarts,
 *   with everything that was committed, at the first later query for which there is room
 */
export function connectEmbeddedPostgres<Tables> (
  directory?: string, onStatement: Logger = () => {}, onCrash: (error: unknown) => void = () => {},
): Kysely<Tables> {
  // PGlite creates the folder itself, but not its parent.
  if (directory !== undefined) mkdirSync(directory, { recursive: true })
  const pool = new EmbeddedPostgresPool(directory, onCrash)
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }), log: onStatement })
}

// Starting after a crash takes two segments of the write-ahead log, of 16 MiB each, and some room for the tables.
const RESTART_MIN_BYTES = 40 * 1024 ** 2

/** The disk has no room for the embedded database to start again. */
class DiskFullError extends Error {
  override name = 'DiskFullError'
  /** PostgreSQL's disk_full. */
  readonly code = '53100'
}

/**
 * In-process PostgreSQL (PGlite) as the pool that Kysely's PostgreSQL dialect takes. PGlite has one connection, so callers take
 * turns, as with a pool of one. 64-bit integers are read as bigint; a statement that selects a time as it is throws
 * {TypeError}, as on a server.
 */
export class EmbeddedPostgresPool implements PostgresPool {
  readonly #directory: string | undefined
  readonly #onCrash: (error: unknown) => void
  #database: CrashablePostgres | undefined
  #hasCrashed = false
  #turn: Promise<void> = Promise.resolve()

  /** @param directory where the data is kept; in memory if omitted */
  constructor (directory?: string, onCrash: (error: unknown) => void = () => {}) {
    this.#directory = directory
    this.#onCrash = onCrash
  }

  async connect (): Promise<PostgresPoolClient> {
    const previousTurn = this.#turn
    let endTurn = () => {}
    this.#turn = new Promise((resolve) => { endTurn = resolve })
    await previousTurn
    try {
      const database = await this.#open()
      return new EmbeddedPostgresClient(database, () => {
        if (database.crash !== undefined) this.#abandon(database, database.crash)
        endTurn()
      })
    } catch (error) {
      endTurn()
      throw error
    }
  }

  async end (): Promise<void> {
    await this.#turn
    await this.#database?.close()
  }

  async #open (): Promise<CrashablePostgres> {
    if (this.#hasCrashed) this.#requireRoom()
    const database = this.#database ??= new CrashablePostgres({
      ...this.#directory === undefined ? {} : { dataDir: this.#directory },
      parsers: { [types.INT8]: BigInt, ...Object.fromEntries(rawTimeTypes.map((type) => [type, refuseRawTime])) },
    })
    try {
      await database.waitReady
    } catch (error) {
      this.#abandon(database, error)
      this.#requireRoom()
      throw error
    }
    this.#hasCrashed = false
    return database
  }

  #abandon (database: CrashablePostgres, error: unknown): void {
    this.#database = undefined
    this.#hasCrashed = true
    database.closeFiles()
    this.#onCrash(error)
  }

  /** @throws {DiskFullError} */
  #requireRoom (): void {
    if (this.#directory === undefined) return
    const { bavail, bsize } = statfsSync(this.#directory)
    if (bavail * bsize < RESTART_MIN_BYTES) throw new DiskFullError('The disk has no room for the embedded database to start again.')
  }
}

class EmbeddedPostgresClient implements PostgresPoolClient {
  readonly #database: CrashablePostgres
  readonly release: () => void

  constructor (database: CrashablePostgres, release: () => void) {
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
    // Kysely reports affected rows for these commands only, and PGlite does not say which one it ran.
    return { command: 'UPDATE', rowCount: affectedRows, rows }
  }
}
