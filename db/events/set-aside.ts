import type { Kysely } from 'kysely'
import type { SetAsideRecord } from '../../events/pending-record.js'
import type { Database } from '../connection/tables.js'

const RECORD_MAX_CHARACTERS = 8 * 1024
/** How many records are kept at most: a sender of events must not fill the disk. */
const SET_ASIDE_MAX_ROWS = 100_000n

/**
 * Keeps records that could not be applied, or were not what was expected, with the reason. Where there are too many, the
 * oldest make room.
 */
export async function setAside (database: Kysely<Database>, records: readonly SetAsideRecord[]): Promise<void> {
  if (records.length === 0) return
  const inserted = await database.insertInto('set_aside_events')
    .values(records.map(({ reason, record }) => ({ reason, record: recordText(record) })))
    .returning('id')
    .execute()
  const newestId = inserted.reduce((newest, { id }) => id > newest ? id : newest, 0n)
  await database.deleteFrom('set_aside_events').where('id', '<=', newestId - SET_ASIDE_MAX_ROWS).execute()
}

function recordText (record: unknown): string {
  let text: string
  try {
    text = typeof record === 'string' ? record : JSON.stringify(record) ?? ''
  } catch {
    text = 'nested too deeply'
  }
  // PostgreSQL's text holds every character but NUL.
  return text.slice(0, RECORD_MAX_CHARACTERS).replaceAll('\0', '\uFFFD')
}
