import type { PostgresCursor, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import pg from 'pg'
import { queryAfter } from './bounded-query.js'
import { preparedName } from './prepared-statement.js'
import { type Settings, beforeStatement, forTransaction } from './session-settings.js'
import { sqlState } from './sql-state.js'

// What PostgreSQL says before it closes a connection, or what leaves its state in doubt. The severity is no help: FATAL is
// written in the server's language.
const sessionEnd = /^(08|28|3D|57P|58|XX|F0|53300|25P0[34])/
const transactionStart = /^(start transaction|begin)\b/

/** What a pool's connections have in common. */
export interface ConnectionRules {
  statementSettings: Settings
  transactionSettings: Settings
  /** If sessions are shared, statements outside a transaction have only the settings of their role. */
  isUnbounded: boolean
  /** How long a connection keeps the plans of its prepared statements. */
  planMaxAgeMs: number
  onConnectionError: (error: Error) => void
}

/** What is known about a connection for as long as it lasts. */
export interface Session {
  isPooled: boolean
  /** When the plans of its prepared statements were last discarded, in milliseconds since 1970. */
  plansSinceMs: number
}

/** A connection while it is in use; one that has failed is not used again. */
export class CheckedConnection implements PostgresPoolClient {
  readonly #client: pg.PoolClient
  readonly #session: Session
  readonly #rules: ConnectionRules
  readonly #onError: (error: Error) => void
  #failure: Error | undefined

  constructor (client: pg.PoolClient, session: Session, rules: ConnectionRules) {
    this.#client = client
    this.#session = session
    this.#rules = rules
    this.#onError = (error) => {
      this.#failure ??= error
      rules.onConnectionError(error)
    }
    // node-postgres watches idle connections only: without a listener, a connection that breaks between two statements of a
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
    // A statement after a failure, such as ROLLBACK, would queue behind the one that is still unanswered.
    if (this.#failure !== undefined) throw this.#failure
    try {
      const { rowCount, rows } = this.#session.isPooled
        ? await this.#runPooled(sql, [...parameters])
        : await this.#runInOwnSession(sql, [...parameters])
      // Kysely wants a command that affects rows; it does not care which.
      return { command: 'UPDATE', rowCount: rowCount ?? 0, rows }
    } catch (error) {
      // A connection survives the error of a statement, but no other error.
      const isOfStatement = error instanceof pg.DatabaseError && !sessionEnd.test(sqlState(error))
      if (error instanceof Error && !isOfStatement) this.#failure = error
      throw error
    }
  }

  async #runInOwnSession (text: string, values: unknown[]) {
    const name = preparedName(text)
    if (name !== undefined) await this.#renewPlans()
    return await this.#client.query({ name, text, values })
  }

  async #renewPlans (): Promise<void> {
    const now = Date.now()
    if (now - this.#session.plansSinceMs < this.#rules.planMaxAgeMs) return
    await this.#client.query('discard plans')
    this.#session.plansSinceMs = now
  }

  /** Settings are sent along with the statement they are for: the next transaction may run in another session. */
  async #runPooled (text: string, values: unknown[]) {
    const { statementSettings, transactionSettings, isUnbounded } = this.#rules
    if (transactionStart.test(text)) {
      await this.#client.query(`${text}; ${forTransaction(transactionSettings)}`)
      return { rowCount: 0, rows: [] }
    }
    if (isUnbounded || this.#client.getTransactionStatus() !== 'I') return await this.#client.query({ text, values })
    return await queryAfter(this.#client, beforeStatement(statementSettings), { text, values })
  }
}
