import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmod, chown, mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'

/** A PostgreSQL server that databases may be made on. */
export interface PostgresServer {
  version: string
  /** Makes a database and gives its URL. */
  createDatabase: () => Promise<string>
  stop: () => Promise<void>
}

const run = promisify(execFile)
const INSTALLED = '/usr/lib/postgresql'

/**
 * Takes the server that a URL names, or starts the newest one that is installed (Debian's packages) in a temporary folder,
 * with its default settings but for the address.
 *
 * @throws where there is neither
 */
export async function startPostgres (url: string | undefined): Promise<PostgresServer> {
  if (url !== undefined) return { ...await describe(url), stop: async () => {} }
  const programs = await newestPrograms()
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-bench-postgres-'))
  await chmod(directory, 0o755)
  if (process.getuid?.() === 0) {
    const { stdout } = await run('id', ['-u', 'postgres'])
    await chown(directory, Number(stdout), 0)
  }
  const data = join(directory, 'data')
  await asPostgres(join(programs, 'initdb'), ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8'])
  const port = await freePort()
  await asPostgres(join(programs, 'pg_ctl'), [
    '-D', data, '-l', join(directory, 'log'), '-w', '-o', `-p ${port} -k ${directory} -c listen_addresses=127.0.0.1`, 'start',
  ])
  return {
    ...await describe(`postgres://postgres@127.0.0.1:${port}/postgres`),
    stop: async () => {
      await asPostgres(join(programs, 'pg_ctl'), ['-D', data, '-m', 'fast', 'stop'])
      await rm(directory, { recursive: true, force: true })
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

async function newestPrograms (): Promise<string> {
  const versions = (await readdir(INSTALLED).catch(() => [])).map(Number).filter((version) => version >= 15)
  const newest = versions.toSorted((left, right) => left - right).at(-1)
  if (newest === undefined) throw new Error('PostgreSQL 15 or newer is not installed; BENCH_DATABASE_URL may name a server.')
  return join(INSTALLED, String(newest), 'bin')
}

/** PostgreSQL refuses to run as root. */
async function asPostgres (program: string, programArguments: string[]): Promise<void> {
  if (process.getuid?.() === 0) await run('runuser', ['-u', 'postgres', '--', program, ...programArguments], { cwd: '/' })
  else await run(program, programArguments)
}

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('There is no free port.')
  return address.port
}
