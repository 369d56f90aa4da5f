import type { Kysely } from 'kysely'
import { endOfPrefix } from '../../objects/key-order.js'
import type { FileDescription } from '../../events/same-change.js'
import type { Database } from '../connection/tables.js'
import { readInIndexOrder } from '../connection/index-order.js'

/** What the catalogue says of an object. */
export interface CataloguedObject extends FileDescription {
  objectKey: string
}

const PAGE_ROWS = 2_000

/**
 * Lists the objects of the catalogue with a prefix, page by page in the order of their keys; the page after the one that is
 * being looked at is being read already. Pages are not of one instant.
 *
 * @param range.startAfter only keys after this one; empty for all
 */
export async function * listCatalogue (
  database: Kysely<Database>, { prefix, startAfter }: { prefix: string, startAfter: string },
): AsyncGenerator<CataloguedObject[], undefined> {
  const read = async (after: string) => {
    const rows = await readInIndexOrder(database, listCatalogueQuery(database, prefix, after))
    return rows.map((row) => ({
      objectKey: row.object_key, sizeBytes: Number(row.size_bytes), entityTag: row.entity_tag ?? undefined,
    }))
  }
  let next: Promise<CataloguedObject[]> | undefined = read(startAfter)
  while (next !== undefined) {
    const page: CataloguedObject[] = await next
    const last = page.at(-1)
    next = page.length < PAGE_ROWS || last === undefined ? undefined : read(last.objectKey)
    // It may fail while nobody waits for it yet.
    next?.catch(() => {})
    yield page
  }
}

export function listCatalogueQuery (database: Kysely<Database>, prefix: string, after: string) {
  const end = endOfPrefix(prefix)
  return database.selectFrom('objects')
    .select(['object_key', 'size_bytes', 'entity_tag'])
    .where('object_key', '>', after)
    .where('object_key', '>=', prefix)
    .$if(end !== undefined, (query) => query.where('object_key', '<', end ?? ''))
    .where('removed_at', 'is', null)
    .orderBy('object_key')
    .limit(PAGE_ROWS)
}
