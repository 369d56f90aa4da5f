import type { Kysely } from 'kysely'
import { type CountedFile, countedFileOf } from '../run-files.js'
import type { Database } from '../connection/tables.js'
import { nullableEpochMs } from '../connection/time.js'

/** Reads what is known about a counted file; undefined if there is none under the key. */
export async function readCountedFile (
  database: Kysely<Database>, objectKey: string,
): Promise<CountedFile & { /** Without quotes. */ entityTag: string | undefined } | undefined> {
  const row = await database.selectFrom('objects')
    .select(['object_key', 'size_bytes', 'entity_tag', nullableEpochMs('event_time').as('event_time_ms')])
    .where('object_key', '=', objectKey)
    .where('removed_at', 'is', null)
    .executeTakeFirst()
  return row && { ...countedFileOf(row), entityTag: row.entity_tag ?? undefined }
}
