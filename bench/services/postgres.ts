import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { findPostgres, startLocalPostgres } from '../../test/support/postgres-server.js'

/** A PostgreSQL server on which databases can be created. */
export interface PostgresServer {
  version: string
  /** Creates a database and returns its URL. */
  createDatabase: () => Promise<string>
  stop: () => Promise<void>
}

/**
 * Uses the server that a URL names, or starts the newest one installed, in a temporary folder and with its default settings
 * apart from the address.
 *
 * @throws if there is neither
 */
export async function startPostgres (url: string | undefined): Promise<PostgresServer> {
  if (url !== undefined) return { ...await describe(url), stop: async () => {} }
  const programs = await findPostgres()
  if (programs === undefined) throw new Error('PostgreSQL 15 or newer is not installed; BENCH_DATABASE_URL may name a server.')
  const server = await startLocalPostgres(programs)
  return {
    ...await describe(server.url),
    stop: async () => {
      await server.stop('fast')
      await server.remove()
    },
  }
}

/** Runs one statement on its own connection. */
export async function onDatabase<Row extends pg.QueryResultRow> (
  url: string, statement: string, parameters: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(statement, parameters)).rows
  } finally {
    await client.end()
  }
}

async function describe (serverUrl: string) {
  const [row] = await onDatabase<{ server_version: string }>(serverUrl, 'show server_version')
  const createDatabase = async () => {
    const url = new URL(serverUrl)
    url.pathname = `/bench_${randomUUID().replaceAll('-', '')}`
    await onDatabase(serverUrl, `create database ${url.pathname.slice(1)}`)
    return url.href
  }
  return { version: `PostgreSQL ${row?.server_version}`, createDatabase }
}
