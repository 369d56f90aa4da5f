import { type Kysely, sql } from 'kysely'
import type { SetAsideRecord } from '../../events/pending-record.js'
import type { Database } from '../connection/tables.js'

const RECORD_MAX_CHARACTERS = 8 * 1024
/** The most records that are kept: a sender of events must not be able to fill the disk. */
const SET_ASIDE_MAX_ROWS = 100_000

/**
 * Keeps records that could not be applied, or were not as expected, with the reason. If there are too many, the oldest are
 * deleted.
 *
 * @returns how many were deleted
 */
export async function setAside (database: Kysely<Database>, records: readonly SetAsideRecord[]): Promise<number> {
  if (records.length === 0) return 0
  const { numDeletedRows } = await database
    .with('kept', (query) => query.insertInto('set_aside_events')
      .values(records.map(({ reason, record }) => ({ reason, record: recordText(record) })))
      .returning('id'))
    .deleteFrom('set_aside_events')
    .where('id', '<=', sql<bigint>`(select max(id) from kept) - ${SET_ASIDE_MAX_ROWS}::bigint`)
    .executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}

function recordText (record: unknown): string {
  let text: string
  try {
    text = typeof record === 'string' ? record : JSON.stringify(record) ?? ''
  } catch {
    text = 'nested too deeply'
  }
  // PostgreSQL's text can hold every character except NUL.
  return text.slice(0, RECORD_MAX_CHARACTERS).replaceAll('\0', '\uFFFD')
}
