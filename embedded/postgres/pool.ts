import { Kysely, type Logger, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely'
import { openPool } from '../../db/connection/pool.js'
import { findPackage } from './package.js'
import { PostgresServer, type ServerOptions } from './server.js'

/**
 * Opens the embedded database: a PostgreSQL server of this process's own, which starts with the first query. If it ends by
 * itself, as it does if its log does not fit on the disk, it starts again with a later query for which there is room.
 *
 * @param directory where the data is kept; only one process may use it
 * @param onConnectionError called for connections that broke while no statement ran on them
 * @param onStatement called for every statement once it has ended
 * @throws {EmbeddedDatabaseError} if there is no such server for this kind of machine
 * @throws {MissingPackageError}
 */
export function connectEmbeddedPostgres<Tables> (
  directory: string, options: ServerOptions = {}, onConnectionError: (error: Error) => void = () => {},
  onStatement: Logger = () => {},
): Kysely<Tables> {
  findPackage()
  const pool = new EmbeddedPool(new PostgresServer(directory, options), onConnectionError)
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }), log: onStatement })
}

/** Connections to a server that runs whenever one is asked for. */
class EmbeddedPool implements PostgresPool {
  readonly #server: PostgresServer
  readonly #onConnectionError: (error: Error) => void
  #pool: PostgresPool | undefined

  constructor (server: PostgresServer, onConnectionError: (error: Error) => void) {
    this.#server = server
    this.#onConnectionError = onConnectionError
  }

  async connect (): Promise<PostgresPoolClient> {
    const url = await this.#server.start()
    // Nothing is between this process and the server.
    this.#pool ??= openPool(url, this.#onConnectionError, { pooler: 'none' })
    return await this.#pool.connect()
  }

  async end (): Promise<void> {
    await this.#pool?.end()
    await this.#server.stop()
  }
}
