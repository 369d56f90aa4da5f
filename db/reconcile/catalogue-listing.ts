import { type Kysely, sql } from 'kysely'
import { endOfPrefix } from '../../objects/key-order.js'
import type { FileDescription } from '../../events/same-change.js'
import type { Database } from '../connection/tables.js'
import { readInIndexOrder } from '../connection/index-order.js'
import { milliseconds } from '../connection/time.js'

/** What the catalogue says about an object. */
export interface CataloguedObject extends FileDescription {
  objectKey: string
  /** Whether it is recorded as removed; such objects are listed only if they are ahead. */
  isRemoved: boolean
  /** Whether its state has a time that is ahead of the database's clock by more than clocks may differ. */
  isAhead: boolean
}

const PAGE_ROWS = 2_000

/**
 * Lists the catalogue's objects with a prefix, page by page in the order of their keys; the next page is already being read
 * while one is looked at. The pages do not show a single instant.
 *
 * @param range.startAfter only keys after this one; empty for all
 * @param clockSkewMs how far clocks may differ: removed objects whose time is further ahead are listed too; undefined if times
 *   are not to be considered
 */
export async function * listCatalogue (
  database: Kysely<Database>, { prefix, startAfter }: { prefix: string, startAfter: string }, clockSkewMs?: number,
): AsyncGenerator<CataloguedObject[], undefined> {
  const read = async (after: string) => {
    const rows = await readInIndexOrder(database, listCatalogueQuery(database, prefix, after, clockSkewMs).compile())
    return rows.map((row) => ({
      objectKey: row.object_key,
      sizeBytes: Number(row.size_bytes),
      entityTag: row.entity_tag ?? undefined,
      isRemoved: row.is_removed,
      isAhead: row.is_ahead,
    }))
  }
  let next: Promise<CataloguedObject[]> | undefined = read(startAfter)
  while (next !== undefined) {
    const page: CataloguedObject[] = await next
    const last = page.at(-1)
    next = page.length < PAGE_ROWS || last === undefined ? undefined : read(last.objectKey)
    // It may fail before anyone awaits it.
    next?.catch(() => {})
    yield page
  }
}

export function listCatalogueQuery (database: Kysely<Database>, prefix: string, after: string, clockSkewMs?: number) {
  const end = endOfPrefix(prefix)
  const isAhead = clockSkewMs === undefined
    ? sql<boolean>`false`
    : sql<boolean>`coalesce(event_time, observed_at, '-infinity') > now() + ${milliseconds(clockSkewMs)}`
  const isRemoved = sql<boolean>`removed_at is not null`
  return database.selectFrom('objects')
    .select(['object_key', 'size_bytes', 'entity_tag', isRemoved.as('is_removed'), isAhead.as('is_ahead')])
    .where('object_key', '>', after)
    .where('object_key', '>=', prefix)
    .$if(end !== undefined, (query) => query.where('object_key', '<', end ?? ''))
    .where((row) => row.or([row('removed_at', 'is', null), isAhead]))
    .orderBy('object_key')
    .limit(PAGE_ROWS)
}
