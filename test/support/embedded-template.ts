import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { connectPostgres } from '../../db/connection/pool.js'
import { migrateToLatest } from '../../db/connection/migrate.js'
import { findPackage } from '../../embedded/postgres/package.js'
import { PostgresServer } from '../../embedded/postgres/server.js'
import { keepFolder } from './kept-folder.js'
import { onServer } from './on-server.js'

const run = promisify(execFile)

/** A database in every folder that `createEmbeddedDirectory` makes, to copy others from: migrated, and empty. */
export const TEMPLATE_DATABASE = 'migrated'
/** Nothing of what tests write needs to survive a failure of the system, and what is copied should be small. */
export const testSettings = { fsync: 'off', full_page_writes: 'off', min_wal_size: '8MB' }

/**
 * Turns a folder into a new embedded database, migrated. It is a copy of one that is kept beside the packages: PostgreSQL takes
 * ten times as long to initialise and migrate a database as to start.
 */
export async function createEmbeddedDirectory (directory: string): Promise<void> {
  const template = await keepFolder('postgres', `${findPackage().version}-${await hashMigrations()}`, createTemplate)
  // There are a thousand files, which Node.js takes five times as long to copy. They stay their owner's, as they must.
  await mkdir(dirname(directory), { recursive: true })
  await run('cp', ['-Rp', `${template}/database/.`, directory])
}

/** A hash of the migrations: a template can be used as long as they stay the same. */
async function hashMigrations (): Promise<string> {
  const folder = join(import.meta.dirname, '../../db/migrations')
  const hash = createHash('sha256')
  for (const name of (await readdir(folder)).filter((name) => name.endsWith('.ts')).sort()) {
    hash.update(`${name}\0`).update(await readFile(join(folder, name)))
  }
  return hash.digest('hex').slice(0, 16)
}

async function createTemplate (folder: string): Promise<void> {
  const server = new PostgresServer(join(folder, 'database'), { settings: testSettings })
  const url = await server.start()
  const database = connectPostgres(url, () => {})
  await migrateToLatest(database)
  await database.destroy()
  await onServer(url.replace('/postgres?', '/template1?'), `create database ${TEMPLATE_DATABASE} template postgres`)
  await server.stop()
}
