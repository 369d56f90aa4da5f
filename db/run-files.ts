import type { Kysely } from 'kysely'
import { endOfPrefix } from '../objects/key-order.js'
import type { Database } from './connection/tables.js'
import { nullableDateOf, nullableEpochMs } from './connection/time.js'
import { readInIndexOrder } from './connection/index-order.js'
import { exactNumber } from './usage/storage-usage.js'

/** A counted file. */
export interface CountedFile {
  objectKey: string
  sizeBytes: number
  /** When it was put into storage; null if only a look into the bucket found it. */
  createdAt: Date | null
}

/** A page of a listing. */
export interface FilesPage {
  files: CountedFile[]
  hasMore: boolean
}

/**
 * Lists the counted files whose keys have a prefix, one page in the order of the keys. The cost depends on the size of the
 * page, not on the number of files.
 *
 * @param page.after only keys after this one
 */
export async function listFiles (
  database: Kysely<Database>, prefix: string, page: { after: string | undefined, maxFiles: number },
): Promise<FilesPage> {
  const query = listFilesQuery(database, prefix, { ...page, maxFiles: page.maxFiles + 1 }).compile()
  const rows = await readInIndexOrder(database, query)
  return {
    files: rows.slice(0, page.maxFiles).map(countedFileOf),
    hasMore: rows.length > page.maxFiles,
  }
}

/** What a row says about a file. */
export function countedFileOf (
  row: { object_key: string, size_bytes: bigint, event_time_ms: bigint | null },
): CountedFile {
  return { objectKey: row.object_key, sizeBytes: exactNumber(row.size_bytes), createdAt: nullableDateOf(row.event_time_ms) }
}

export function listFilesQuery (
  database: Kysely<Database>, prefix: string, { after = prefix, maxFiles }: { after: string | undefined, maxFiles: number },
) {
  return database.selectFrom('objects')
    .select(['object_key', 'size_bytes', nullableEpochMs('event_time').as('event_time_ms')])
    .where('object_key', '>', after)
    .where('object_key', '<', endOfPrefix(prefix) ?? '')
    .where('removed_at', 'is', null)
    .orderBy('object_key')
    .limit(maxFiles)
}
