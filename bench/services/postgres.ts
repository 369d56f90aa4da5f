import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { findPostgres, startLocalPostgres } from '../../test/support/postgres-server.js'

/** A PostgreSQL server that databases may be made on. */
export interface PostgresServer {
  version: string
  /** Makes a database and gives its URL. */
  createDatabase: () => Promise<string>
  stop: () => Promise<void>
}

/**
 * Takes the server that a URL names, or starts the newest one that is installed in a temporary folder, with its default
 * settings but for the address.
 *
 * @throws where there is neither
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

/** Runs one statement on a connection of its own. */
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
