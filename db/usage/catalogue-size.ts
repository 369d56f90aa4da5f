import type { Kysely } from 'kysely'
import type { Database } from '../connection/tables.js'

/** The number of files in the kept sums, of one organisation or of all. */
export async function countCataloguedFiles (database: Kysely<Database>, orgKey: string | undefined): Promise<number> {
  const { files } = await database.selectFrom('usage_sums')
    .$if(orgKey !== undefined, (query) => query.where('org_key', '=', orgKey ?? ''))
    .select((sums) => sums.fn.sum<string | null>('file_count').as('files'))
    .executeTakeFirstOrThrow()
  return Number(files ?? 0)
}

/** Organisations that have or had counted files. */
export async function listCataloguedOrgKeys (database: Kysely<Database>): Promise<string[]> {
  const rows = await database.selectFrom('usage_sums').select('org_key').distinct().execute()
  return rows.map((row) => row.org_key)
}

/** Whether there are any files. */
export async function hasCataloguedFiles (database: Kysely<Database>): Promise<boolean> {
  const file = await database.selectFrom('objects').select('object_key').where('removed_at', 'is', null).limit(1).executeTakeFirst()
  return file !== undefined
}

/** Whether a file is counted under this key. */
export async function isCatalogued (database: Kysely<Database>, objectKey: string): Promise<boolean> {
  const file = await database.selectFrom('objects').select('object_key')
    .where('object_key', '=', objectKey).where('removed_at', 'is', null).executeTakeFirst()
  return file !== undefined
}
