import { type Transaction, sql } from 'kysely'
import type { Database, UsageSumsTable } from './database.js'
import { json } from './object-rows.js'

/** By how much the sums of one (organisation, workflow, user, direction) change. */
export type SumChange = UsageSumsTable

const changesOf = (changes: readonly SumChange[]) => sql`json_to_recordset(${json(changes)}::json) as change (
  org_key text, workflow_id uuid, created_by uuid, direction text, size_bytes bigint, file_count bigint)`

/**
 * Adds to the kept sums. The sums are locked one after the other in a fixed order, so that no two batches wait for each
 * other.
 *
 * @throws SQLSTATE 23514 where a sum would fall below zero, 22003 where it would exceed 2^63−1
 */
export async function addToSums (transaction: Transaction<Database>, changes: readonly SumChange[]): Promise<void> {
  const effective = changes.filter((change) => change.size_bytes !== 0n || change.file_count !== 0n)
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
      size_bytes = usage_sums.size_bytes + change.size_bytes, file_count = usage_sums.file_count + change.file_count
    from ${changesOf(changes)}
    where usage_sums.org_key = change.org_key and usage_sums.workflow_id = change.workflow_id
      and usage_sums.created_by = change.created_by and usage_sums.direction = change.direction`
}
