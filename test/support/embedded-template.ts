import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile, readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { migrateToLatest } from '../../db/connection/migrate.js'
import type { Database } from '../../db/connection/tables.js'
import { connectEmbeddedPostgres } from '../../embedded/postgres/pool.js'
import { keepFolder } from './kept-folder.js'

const run = promisify(execFile)

/**
 * Turns a folder into a new embedded database, migrated. It is a copy of one that is kept beside the packages: PGlite takes ten
 * times as long to initialise and migrate a database as to open one.
 */
export async function createEmbeddedDirectory (directory: string): Promise<void> {
  const packages = createRequire(import.meta.url).resolve('@electric-sql/pglite').split('/node_modules/')[0] ?? '.'
  const description = await readFile(join(packages, 'node_modules/@electric-sql/pglite/package.json'), 'utf8')
  const version = /"version": "([^"]+)"/.exec(description)?.[1] ?? 'unknown'
  const template = await keepFolder('pglite', `${version}-${await hashMigrations()}`, createTemplate)
  // There are a thousand files, which Node.js takes five times as long to copy.
  await mkdir(dirname(directory), { recursive: true })
  await run('cp', ['-R', `${template}/.`, directory])
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
  const database = connectEmbeddedPostgres<Database>(folder)
  await migrateToLatest(database)
  await database.destroy()
}
