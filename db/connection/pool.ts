import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { Kysely, type Logger, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely'
import pg from 'pg'
import { isTlsFailure } from './availability.js'
import type { Database } from './tables.js'
import { CheckedConnection, type ConnectionRules, type Session } from './checked-connection.js'
import { parseDatabaseUrl } from './database-address.js'
import { Encryption } from './encryption.js'
import type { PasswordSource } from './password.js'
import { rawTimeTypes, refuseRawTime } from './raw-time.js'
import { type SessionOwner, forSession } from './session-settings.js'

/** Limits on waiting for the database and on what its connections keep, in milliseconds. */
interface ConnectionBounds {
  connectTimeoutMs: number
  /** The server ends a statement that takes longer. */
  statementTimeoutMs: number
  /** A server that has not answered a statement by then is treated as frozen or cut off. */
  answerTimeoutMs: number
  /**
   * The server ends a transaction whose next statement does not come: this process may be frozen, and its locks must be freed.
   */
  idleInTransactionTimeoutMs: number
  /** How long a connection keeps the plans of its prepared statements. */
  planMaxAgeMs: number
}

const defaultBounds: ConnectionBounds = {
  connectTimeoutMs: 3_000,
  statementTimeoutMs: 10_000,
  answerTimeoutMs: 12_000,
  idleInTransactionTimeoutMs: 10_000,
  // A cached plan suits the table sizes at the time it was made: one for empty tables scans them whole.
  planMaxAgeMs: 1_000,
}
/**
 * What is between this process and PostgreSQL. `transaction`: a pooler that assigns sessions for one transaction at a time.
 * `none`: nothing, or something that keeps the session. `auto`: detected for each connection.
 */
type Pooler = 'auto' | 'transaction' | 'none'

/** How a connection reaches PostgreSQL. */
export interface Route {
  /** Whether another client may get the session after each transaction. */
  isPooled: boolean
  /** For example TLSv1.3, to the server or the pooler; undefined without TLS. */
  tlsVersion: string | undefined
  /** Whether the certificate was issued by a trusted CA. */
  isVerified: boolean
}

/** How connections are made. */
export interface PostgresOptions extends Partial<ConnectionBounds> {
  pooler?: Pooler
  /** A file of trusted certificates, used if the URL names none. */
  caFile?: string | undefined
  /** Supplies each connection's password, in place of the URL's. */
  password?: PasswordSource | undefined
  /** Called for every connection, once it can be used. */
  onConnected?: (route: Route) => void
}

/** The most connections that one process has; a query that finds all of them in use waits for `connectTimeoutMs`. */
export const POOL_SIZE = 10

/**
 * Opens PostgreSQL by a pool of its own, as `openPool` does.
 *
 * @param onConnectionError called for connections that broke while no statement ran on them; the pool replaces them itself
 * @param onStatement called for every statement once it has ended
 * @throws {DatabaseSettingError} if the URL's parameters, or a file that they name, cannot be used
 */
export function connectPostgres (
  url: string, onConnectionError: (error: Error) => void, options: PostgresOptions = {}, onStatement: Logger = () => {},
): Kysely<Database> {
  const pool = openPool(url, onConnectionError, options)
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }), log: onStatement })
}

/**
 * Opens a pool of connections to PostgreSQL; none is made before the first query. Every wait for a statement is bounded, and a
 * connection that failed is never used again. A statement that selects a time without converting it throws {TypeError}.
 *
 * A session is relied on only if it is known to be the connection's own. Otherwise the limits on a statement and the schema are
 * set in the statement's transaction, without an extra round trip, and nothing is prepared. With `statementTimeoutMs: 0`
 * nothing is set in that case: a statement that cannot run in a transaction has the limits and the schema of its role.
 *
 * @param onConnectionError called for connections that broke while no statement ran on them; the pool replaces them itself
 * @throws {DatabaseSettingError} if the URL's parameters, or a file that they name, cannot be used
 */
export function openPool (
  url: string, onConnectionError: (error: Error) => void, options: PostgresOptions = {},
): PostgresPool {
  const { pooler = 'auto', caFile, password, onConnected = () => {}, ...bounds } = options
  const { connectTimeoutMs, statementTimeoutMs, answerTimeoutMs, planMaxAgeMs, ...idle } = { ...defaultBounds, ...bounds }
  const address = parseDatabaseUrl(url)
  const encryption = new Encryption(address, caFile)
  const processIds = new WeakMap<pg.Client, number>()
  class EncryptedClient extends pg.Client {
    constructor (config?: pg.ClientConfig) {
      super({ ...config, ssl: encryption.next() })
      // The URL's password, even if absent, would take precedence over one passed as an option.
      if (password !== undefined) Object.assign(this, { password })
      this.connection.on('backendKeyData', ({ processID }: { processID: number }) => { processIds.set(this, processID) })
    }
  }
  const pool = new pg.Pool({
    connectionString: address.connectionString,
    Client: EncryptedClient,
    max: POOL_SIZE,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: answerTimeoutMs,
    keepAlive: true,
    application_name: 'objects-storage',
    types: { getTypeParser: typeParser },
  })
  pool.on('error', onConnectionError)
  const statementSettings = {
    statement_timeout: String(statementTimeoutMs),
    ...address.searchPath === undefined ? {} : { search_path: address.searchPath },
  }
  return new CheckedPool(pool, {
    pooler,
    encryption,
    processIdOf: (client) => processIds.get(client),
    statementSettings,
    transactionSettings: { ...statementSettings, idle_in_transaction_session_timeout: String(idle.idleInTransactionTimeoutMs) },
    isUnbounded: statementTimeoutMs === 0,
    planMaxAgeMs,
    onConnectionError,
    onConnected,
  })
}

const typeParser: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') => {
  if (oid === pg.types.builtins.INT8) return BigInt
  return rawTimeTypes.includes(oid) ? refuseRawTime : pg.types.getTypeParser(oid, format)
}

/** How a pool makes and uses its connections. */
interface PoolRules extends ConnectionRules {
  pooler: Pooler
  encryption: Encryption
  /** The id of the server's process, as announced when the connection began. */
  processIdOf: (client: pg.Client) => number | undefined
  onConnected: (route: Route) => void
}

/** A pool that keeps watching connections while they are in use, and takes back none that failed. */
class CheckedPool implements PostgresPool {
  readonly #pool: pg.Pool
  readonly #rules: PoolRules
  readonly #sessions = new WeakMap<pg.PoolClient, Session>()

  constructor (pool: pg.Pool, rules: PoolRules) {
    this.#pool = pool
    this.#rules = rules
  }

  async connect (): Promise<PostgresPoolClient> {
    const client = await this.#connect()
    const session = this.#sessions.get(client) ?? await this.#begin(client)
    return new CheckedConnection(client, session, this.#rules)
  }

  async end (): Promise<void> {
    await this.#pool.end()
  }

  async #connect (): Promise<pg.PoolClient> {
    const { encryption } = this.#rules
    const wasSecond = encryption.isSecond
    try {
      return await this.#pool.connect()
    } catch (error) {
      if (!encryption.fallBack(error, wasSecond)) throw error
      try {
        return await this.#pool.connect()
      } catch (otherError) {
        encryption.reset()
        // The server's refusal is more informative than that it does not support TLS.
        throw isTlsFailure(otherError) ? error : otherError
      }
    }
  }

  /** Detects whether a new connection has a session of its own, and if so sets it up. */
  async #begin (client: pg.PoolClient): Promise<Session> {
    const { onConnectionError, onConnected } = this.#rules
    client.on('error', onConnectionError)
    try {
      const session = { isPooled: await this.#isPooled(client), plansSinceMs: Date.now() }
      this.#sessions.set(client, session)
      const { stream } = client.connection
      const tls = stream instanceof TLSSocket ? stream : undefined
      onConnected({
        isPooled: session.isPooled, tlsVersion: tls?.getProtocol() ?? undefined, isVerified: tls?.authorized ?? false,
      })
      return session
    } catch (error) {
      client.release(true)
      throw error
    } finally {
      client.removeListener('error', onConnectionError)
    }
  }

  async #isPooled (client: pg.PoolClient): Promise<boolean> {
    const { pooler, transactionSettings } = this.#rules
    if (pooler === 'transaction') return true
    const owner = pooler === 'none' ? undefined : this.#ownerOf(client)
    const { rows } = await client.query(forSession(transactionSettings, owner))
    return rows.length === 0
  }

  #ownerOf (client: pg.PoolClient): SessionOwner {
    const { stream } = client.connection
    return {
      // If the server has no process ids, the session counts as shared.
      processId: this.#rules.processIdOf(client) ?? -1,
      localPort: stream instanceof Socket ? stream.localPort : undefined,
    }
  }
}
