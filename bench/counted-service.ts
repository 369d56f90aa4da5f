import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startServer } from './child-process.js'

/** The built service in a process of its own, over a new database on the server that `BENCH_DATABASE_URL` names. */
export interface CountedService {
  origin: string
  databaseUrl: string
  eventsToken: string
  jwtSecret: string
  stop: () => Promise<void>
}

/** @throws when there is no `BENCH_DATABASE_URL`, or the service does not start */
export async function startCountedService (): Promise<CountedService> {
  const serverUrl = process.env.BENCH_DATABASE_URL
  if (serverUrl === undefined) throw new Error('BENCH_DATABASE_URL must name a PostgreSQL server to make databases on.')
  const database = `bench_${randomUUID().replaceAll('-', '')}`
  const databaseUrl = new URL(serverUrl)
  databaseUrl.pathname = `/${database}`
  const dataDirectory = await mkdtemp(join(tmpdir(), 'objects-storage-bench-'))
  const [eventsToken, jwtSecret] = [randomUUID(), randomUUID()]
  await onServer(serverUrl, `create database ${database}`)
  const removeAll = async () => {
    await rm(dataDirectory, { recursive: true, force: true })
    await onServer(serverUrl, `drop database ${database} with (force)`)
  }
  try {
    const { origin, stop } = await startServer(['dist/server.js'], {
      PORT: '0',
      HOST: '127.0.0.1',
      DATABASE_URL: databaseUrl.href,
      DATA_DIR: dataDirectory,
      EVENTS_TOKEN: eventsToken,
      JWT_SECRET: jwtSecret,
    })
    const stopAll = async () => {
      await stop()
      await removeAll()
    }
    return { origin, databaseUrl: databaseUrl.href, eventsToken, jwtSecret, stop: stopAll }
  } catch (error) {
    await removeAll()
    throw error
  }
}

/** Runs one statement on a connection of its own. */
export async function onServer (url: string, statement: string, parameters: unknown[] = []): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement, parameters)
  } finally {
    await client.end()
  }
}
