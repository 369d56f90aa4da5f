import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { migrateToLatest } from '../../db/connection/migrate.js'
import type { Database } from '../../db/connection/tables.js'
import { connectEmbeddedPostgres } from '../../embedded/postgres/pool.js'

const run = promisify(execFile)

/**
 * Makes a folder a new embedded database, migrated. It is a copy of one that is kept beside the packages: to initialise and
 * migrate a database takes PGlite ten times as long as to open one.
 */
export async function createEmbeddedDirectory (directory: string): Promise<void> {
  const packages = createRequire(import.meta.url).resolve('@electric-sql/pglite').split('/node_modules/')[0] ?? '.'
  const description = await readFile(join(packages, 'node_modules/@electric-sql/pglite/package.json'), 'utf8')
  const version = /"version": "([^"]+)"/.exec(description)?.[1] ?? 'unknown'
  const template = join(packages, 'node_modules/.cache/objects-storage', `pglite-${version}-${await hashMigrations()}`)
  if (!await exists(template)) await createTemplate(template)
  // A thousand files: Node.js takes five times as long to copy them.
  await mkdir(dirname(directory), { recursive: true })
  await run('cp', ['-R', `${template}/.`, directory])
}

/** What the migrations are, in short: a template is of use as long as they stay the same. */
async function hashMigrations (): Promise<string> {
  const folder = join(import.meta.dirname, '../../db/migrations')
  const hash = createHash('sha256')
  for (const name of (await readdir(folder)).filter((name) => name.endsWith('.ts')).sort()) {
    hash.update(`${name}\0`).update(await readFile(join(folder, name)))
  }
  return hash.digest('hex').slice(0, 16)
}

async function createTemplate (template: string): Promise<void> {
  await mkdir(dirname(template), { recursive: true })
  const draft = await mkdtemp(`${template}-`)
  const database = connectEmbeddedPostgres<Database>(draft)
  await migrateToLatest(database)
  await database.destroy()
  try {
    await rename(draft, template)
  } catch (error) {
    // Another test file was first.
    if (!await exists(template)) throw error
    await rm(draft, { recursive: true })
  }
  await removeOlder(template)
}

/** Templates of other migrations would stay for as long as the packages do. */
async function removeOlder (template: string): Promise<void> {
  const folder = dirname(template)
  for (const name of await readdir(folder)) {
    if (!name.startsWith(basename(template))) await rm(join(folder, name), { recursive: true, force: true })
  }
}

async function exists (path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false)
}
