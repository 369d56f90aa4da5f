import pg from 'pg'

/** Settings of PostgreSQL by their names, such as `statement_timeout`. */
export type Settings = Readonly<Record<string, string>>

/** What shows whether a statement runs in the server process that the connection began with, and arrives there directly. */
export interface SessionOwner {
  /** The id of the server's process, as announced when the connection began. */
  processId: number
  /** This side's port; undefined on a Unix socket. */
  localPort: number | undefined
}

/**
 * A statement that makes settings last as long as the session, and returns a row. With an owner, it does nothing and returns no
 * row unless the session is the connection's own: a pooler that shares sessions invents a process id for each client, and the
 * server sees the pooler's port instead of the client's.
 */
export function forSession (settings: Settings, owner?: SessionOwner): string {
  const statement = `select ${calls(settings, false).join(', ')}`
  if (owner === undefined) return statement
  return `${statement} where pg_backend_pid() = ${owner.processId} and inet_client_port() is not distinct from ${owner.localPort ?? 'null'}`
}

/** A statement that makes settings last as long as the transaction. */
export function forTransaction (settings: Settings): string {
  return `select ${calls(settings, true).join(', ')}`
}

/** `forTransaction`, returning no row: for the statement that precedes another one in the same transaction. */
export function beforeStatement (settings: Settings): string {
  return `select where ${calls(settings, true).map((call) => `${call} is null`).join(' or ')}`
}

function calls (settings: Settings, isLocal: boolean): string[] {
  return Object.entries(settings).map(([name, value]) =>
    `set_config(${pg.escapeLiteral(name)}, ${pg.escapeLiteral(value)}, ${isLocal})`)
}
