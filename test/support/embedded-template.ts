import { cp, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { sql } from 'kysely'
import { connectEmbeddedPostgres } from '../../embedded/postgres/pool.js'

/**
 * Makes a folder a new embedded database, without tables. It is a copy of one that is kept beside the packages: to
 * initialise a database takes PGlite ten times as long as to open one.
 */
export async function createEmbeddedDirectory (directory: string): Promise<void> {
  const packages = createRequire(import.meta.url).resolve('@electric-sql/pglite').split('/node_modules/')[0] ?? '.'
  const description = await readFile(join(packages, 'node_modules/@electric-sql/pglite/package.json'), 'utf8')
  const version = /"version": "([^"]+)"/.exec(description)?.[1] ?? 'unknown'
  const template = join(packages, 'node_modules/.cache/objects-storage', `pglite-${version}`)
  if (!await exists(template)) await createTemplate(template)
  await cp(template, directory, { recursive: true })
}

async function createTemplate (template: string): Promise<void> {
  await mkdir(dirname(template), { recursive: true })
  const draft = await mkdtemp(`${template}-`)
  const database = connectEmbeddedPostgres<Record<string, never>>(draft)
  await sql`select 1`.execute(database)
  await database.destroy()
  try {
    await rename(draft, template)
  } catch (error) {
    // Another test file was first.
    if (!await exists(template)) throw error
    await rm(draft, { recursive: true })
  }
}

async function exists (path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false)
}
