import { type Selectable, type Transaction, sql } from 'kysely'
import type { Database, ObjectRow, UsageSumsTable } from '../connection/tables.js'
import { json } from './object-rows.js'

/** By how much the sums of one (organisation, workflow, user, direction) change. */
export type SumChange = Selectable<UsageSumsTable>

const changesOf = (changes: readonly SumChange[]) => sql`json_to_recordset(${json(changes)}::json) as change (
  org_key text, workflow_id uuid, created_by uuid, direction text, size_bytes bigint, file_count bigint,
  newest_event_at timestamptz)`

/**
 * New rows minus old rows, by what sums are kept for.
 *
 * @param before old rows by their keys; a key without one is new
 * @param eventTimeOf when the event happened that a row's new state came from; undefined where it came from none
 */
export function sumChanges (
  before: ReadonlyMap<string, ObjectRow>, after: readonly ObjectRow[], eventTimeOf: (row: ObjectRow) => Date | undefined,
): SumChange[] {
  const changes = new Map<string, SumChange>()
  for (const row of after) {
    const sum = [row.org_key, row.workflow_id, row.created_by, row.direction].join('/')
    const change = changes.get(sum) ?? {
      org_key: row.org_key,
      workflow_id: row.workflow_id,
      created_by: row.created_by,
      direction: row.direction,
      size_bytes: 0n,
      file_count: 0n,
      newest_event_at: null,
    }
    const old = before.get(row.object_key)
    change.size_bytes += row.size_bytes - (old?.size_bytes ?? 0n)
    change.file_count += fileCount(row) - fileCount(old)
    const eventTime = eventTimeOf(row)
    if (eventTime !== undefined && (change.newest_event_at === null || eventTime > change.newest_event_at)) {
      change.newest_event_at = eventTime
    }
    changes.set(sum, change)
  }
  return [...changes.values()]
}

function fileCount (row: ObjectRow | undefined): bigint {
  return row === undefined || row.removed_at !== null ? 0n : 1n
}

/**
 * Adds to the kept sums. The sums are locked one after the other in a fixed order, so that no two batches wait for each
 * other.
 *
 * @throws SQLSTATE 23514 where a sum would fall below zero, 22003 where it would exceed 2^63−1
 */
export async function addToSums (transaction: Transaction<Database>, changes: readonly SumChange[]): Promise<void> {
  const effective = changes.filter(({ size_bytes: sizeBytes, file_count: fileCount, newest_event_at: newestEventAt }) =>
    sizeBytes !== 0n || fileCount !== 0n || newestEventAt !== null)
  if (effective.length === 0) return
  await lockSumsQuery(effective).execute(transaction)
  await addToSumsQuery(effective).execute(transaction)
}

export function lockSumsQuery (changes: readonly SumChange[]) {
  // An upsert alone would not do: PostgreSQL checks a row that takes away against "not below zero" before it finds
  // that the row is there.
  return sql`
    insert into usage_sums (org_key, workflow_id, created_by, direction, size_bytes, file_count)
    select org_key, workflow_id, created_by, direction, 0, 0
    from ${changesOf(changes)}
    order by org_key collate "C", workflow_id, created_by, direction
    on conflict (org_key, workflow_id, created_by, direction) do update set file_count = excluded.file_count where false`
}

export function addToSumsQuery (changes: readonly SumChange[]) {
  return sql`
    update usage_sums set
      size_bytes = usage_sums.size_bytes + change.size_bytes, file_count = usage_sums.file_count + change.file_count,
      newest_event_at = greatest(usage_sums.newest_event_at, change.newest_event_at)
    from ${changesOf(changes)}
    where usage_sums.org_key = change.org_key and usage_sums.workflow_id = change.workflow_id
      and usage_sums.created_by = change.created_by and usage_sums.direction = change.direction`
}
