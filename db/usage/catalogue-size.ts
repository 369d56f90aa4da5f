import type { Kysely } from 'kysely'
import type { Database } from '../connection/tables.js'

/** How many files the kept sums count, of one organisation or of all. */
export async function countCataloguedFiles (database: Kysely<Database>, orgKey: string | undefined): Promise<number> {
  const { files } = await database.selectFrom('usage_sums')
    .$if(orgKey !== undefined, (query) => query.where('org_key', '=', orgKey ?? ''))
    .select((sums) => sums.fn.sum<string | null>('file_count').as('files'))
    .executeTakeFirstOrThrow()
  return Number(files ?? 0)
}
