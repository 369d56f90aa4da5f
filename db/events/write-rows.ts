import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { preparedAs } from '../connection/prepared-statement.js'
import { type LeaseClaim, LeaseLostError, heldLeaseParts, isOfPart } from '../leases.js'
import { addToRunSums, runParts } from '../runs/run-parts.js'
import {
  type ReadObjectRow, type WritableObjectRow, columnDefinitions, columnList, readableColumns, stateAssignments,
} from './object-rows.js'

/** The row that a key should have. */
export interface RowChange {
  row: WritableObjectRow
  /** The row that the change is based on; undefined if the key is taken for new. */
  before: ReadObjectRow | undefined
  /** When the event that caused the change happened. */
  eventTime: Date | undefined
}

/** The result of writing rows. */
export interface WrittenRows {
  /** Keys whose rows are now as they should be. */
  writtenKeys: Set<string>
  /** Existing rows of keys that were taken for new, by key. If there are any, nothing was written. */
  knownRows: Map<string, ReadObjectRow>
  /** Keys of files that differ in size from what was reserved for their uploads. */
  sizeMismatches: Set<string>
  /** Keys whose uploads had already brought a file, and whose URLs can still be used. */
  broughtAgain: Set<string>
}

type Missing = { [Column in keyof ReadObjectRow]: null }
type Result =
  & { key: string, is_written: boolean, is_size_mismatch: boolean, is_brought_again: boolean, is_lease_lost?: boolean }
  & (ReadObjectRow | Missing)

/**
 * Inserts the rows of new keys, replaces the rows that are still at the revision that their change is based on, adds the
 * differences to the sums and to those of runs, and fulfils the reservations of uploads that arrived, in one statement: all of
 * it happens or nothing. If a key that was taken for new has a row, the statement only reports that.
 *
 * @param changes each key once
 * @param lease that must be held for the changes to be made; undefined if none is needed
 * @throws {LeaseLostError} if it is no longer held; nothing was written
 * @throws SQLSTATE 23514 if a sum would fall below zero, 22003 if it would exceed 2^63−1
 */
export async function writeRows (
  database: Kysely<Database>, changes: readonly RowChange[], lease?: LeaseClaim,
): Promise<WrittenRows> {
  const { rows } = await writeRowsQuery(changes, lease).execute(database)
  if (rows.some((row) => row.is_lease_lost)) throw new LeaseLostError('The lease is lost.')
  const writtenKeys = new Set(changes.map(({ row }) => row.object_key))
  const knownRows = new Map<string, ReadObjectRow>()
  const sizeMismatches = new Set<string>()
  const broughtAgain = new Set<string>()
  for (const row of rows) {
    if (!row.is_written) writtenKeys.delete(row.key)
    if (row.is_size_mismatch) sizeMismatches.add(row.key)
    if (row.is_brought_again) broughtAgain.add(row.key)
    if (row.object_key !== null) knownRows.set(row.key, row)
  }
  return { writtenKeys, knownRows, sizeMismatches, broughtAgain }
}

/*
 * The statement, part by part; every part sees the tables as they were when it began, and of the others only what they return.
 *
 *   incoming                          the changes
 *   known                             rows of keys that were taken for new: if there is one, nothing below finds work
 *   family, held                      only under a lease: its row, if it is still held; otherwise nothing below finds work
 *   unplaced … its_runs               the runs of files that no run counts yet (../runs/run-parts.ts)
 *   placed                            the changes, with the run that counted the file before and the one that counts it now
 *   inserted, locked, replaced        rows in the order of their keys, so that no two batches wait for each other
 *   written                           the keys of those rows
 *   changes, summed                   their differences, added to the sums in the order of those
 *   run_changes, run_summed           and to the sums of runs
 *   fulfilled, mismatched             their reservations, fulfilled; a file of another size is set aside for a person
 *
 * Locks are taken in this order, too: lease, runs, rows, sums, sums of runs, reservations. It returns only what did not go as
 * expected.
 */

const incomingDefinitions = `
    ${columnDefinitions()},
    newest_event_at timestamptz, revision_before uuid, run_before bigint, size_change bigint, count_change bigint`

const knownPart = `known as materialized (
  select objects.* from incoming join objects using (object_key) where incoming.revision_before is null
)`

/** @param condition that all writing depends on, beginning with `and`; empty for none */
const placedParts = (condition: string) => `unplaced as materialized (
  select org_key, workflow_id, run_id, min(coalesce(event_time, observed_at)) as first_seen_at
  from incoming
  where run_before is null and not is_removed and not exists (select from known)${condition}
  group by org_key, workflow_id, run_id
), ${runParts}, placed as materialized (
  select incoming.*, case when not is_removed then coalesce(run_before, its_runs.run_ref) end as run_ref
  from incoming left join its_runs using (org_key, workflow_id, run_id)
)`

/** @param condition that all writing depends on, beginning with `and`; empty for none */
const writtenParts = (condition: string) => `inserted as (
  insert into objects (
    ${columnList()})
  select
    ${columnList()}
  from placed
  where revision_before is null and not exists (select from known)${condition}
  order by object_key collate "C"
  on conflict (object_key) do nothing
  returning object_key, size_bytes, removed_at
), locked as materialized (
  select objects.object_key
  from objects join incoming on incoming.object_key = objects.object_key and incoming.revision_before = objects.revision
  where incoming.revision_before is not null and not exists (select from known)${condition}
  order by objects.object_key
  for update of objects
), replaced as (
  update objects set
    ${stateAssignments('placed')}
  from placed join locked using (object_key)
  where objects.object_key = placed.object_key
  returning objects.object_key, objects.size_bytes, objects.removed_at
), written as materialized (
  select * from inserted union all select * from replaced
)`

// A sum to subtract from must already have a row: PostgreSQL checks the row to insert against "not below zero" before it finds
// that there is one to update.
const summedParts = `changes as materialized (
  select
    org_key, workflow_id, created_by, direction, sum(size_change) as size_bytes, sum(count_change) as file_count,
    max(newest_event_at) as newest_event_at
  from incoming join written using (object_key)
  group by org_key, workflow_id, created_by, direction
), summed as (
  insert into usage_sums (
    org_key, workflow_id, created_by, direction, size_bytes, file_count, newest_event_at, newest_event_counted_at)
  select
    org_key, workflow_id, created_by, direction, greatest(size_bytes, 0), greatest(file_count, 0), newest_event_at,
    case when newest_event_at is not null then now() end
  from changes
  order by org_key collate "C", workflow_id, created_by, direction
  on conflict (org_key, workflow_id, created_by, direction) do update set
    (size_bytes, file_count, newest_event_at, newest_event_counted_at) = (
      select
        usage_sums.size_bytes + changes.size_bytes, usage_sums.file_count + changes.file_count,
        greatest(usage_sums.newest_event_at, changes.newest_event_at),
        case
          when changes.newest_event_at is null or changes.newest_event_at <= usage_sums.newest_event_at
          then usage_sums.newest_event_counted_at
          else now()
        end
      from changes
      where changes.org_key = excluded.org_key and changes.workflow_id = excluded.workflow_id
        and changes.created_by = excluded.created_by and changes.direction = excluded.direction)
  returning true as is_summed
)`

// A file that no run counted before is added in full. Sums come before sums of runs, so that batches cannot deadlock.
const runSummedParts = `run_changes as materialized (
  select
    coalesce(run_before, run_ref) as run_ref, created_by, direction,
    sum(case when run_before is null then placed.size_bytes else size_change end) as size_bytes,
    sum(case when run_before is null then 1 else count_change end) as file_count,
    min(coalesce(event_time, observed_at)) filter (where not is_removed) as first_seen_at,
    max(newest_event_at) as newest_event_at
  from placed join written using (object_key)
  where run_before is not null or run_ref is not null
  group by coalesce(run_before, run_ref), created_by, direction
), run_summed as (
  insert into run_sums (run_ref, created_by, direction, size_bytes, file_count, first_seen_at, newest_event_at)
  select run_ref, created_by, direction, size_bytes, file_count, coalesce(first_seen_at, 'infinity'), newest_event_at
  from run_changes
  where (select count(*) from summed) > 0
  order by run_ref, created_by, direction
  ${addToRunSums}
)`

// As long as its URL can be used, every file under the key is held to its reservation, which reopens if the file is removed.
const fulfilledParts = `fulfilled as (
  update uploads set
    fulfilled_at = case when written.removed_at is null then coalesce(uploads.fulfilled_at, statement_timestamp()) end
  from written
  where uploads.object_key = written.object_key
    and case when uploads.fulfilled_at is null then written.removed_at is null else uploads.expires_at > statement_timestamp() end
  returning
    uploads.object_key, uploads.size_bytes as reserved_bytes, written.size_bytes,
    written.removed_at is null and uploads.size_bytes <> written.size_bytes as is_mismatch,
    coalesce(uploads.fulfilled_at < statement_timestamp(), false) as is_again
), mismatched as (
  insert into set_aside_events (reason, record)
  select 'size_not_as_promised',
    json_build_object('objectKey', object_key, 'promisedBytes', reserved_bytes, 'sizeBytes', size_bytes)
  from fulfilled where is_mismatch
)`

/** @param unheld whether the lease is lost; undefined without one */
const answer = (unheld: string | undefined) => sql`select
  incoming.object_key as key, written.object_key is not null as is_written,
  coalesce(fulfilled.is_mismatch, false) as is_size_mismatch, coalesce(fulfilled.is_again, false) as is_brought_again,${sql.raw(unheld === undefined ? '' : ` ${unheld} as is_lease_lost,`)}
  ${readableColumns('known')}
from incoming
left join written on written.object_key = incoming.object_key
left join fulfilled on fulfilled.object_key = incoming.object_key
left join known on known.object_key = incoming.object_key
where written.object_key is null or fulfilled.is_mismatch or fulfilled.is_again`

export function writeRowsQuery (changes: readonly RowChange[], lease?: LeaseClaim) {
  // JSON carries a whole batch in one parameter, so that the statement is the same for any number of rows.
  const incoming = json(changes.map(({ row, before, eventTime }) => ({
    newest_event_at: eventTime,
    revision_before: before?.revision,
    run_before: before?.run_ref ?? undefined,
    size_change: row.size_bytes - (before?.size_bytes ?? 0n),
    count_change: (row.is_removed ? 0n : 1n) - (before?.removed_at_ms === null ? 1n : 0n),
    // Spreading the row first would cost three times as much: V8 would then add the other properties one by one to a copy that
    // has no room for them.
    ...row,
  })))
  const isFree = lease === undefined
  const condition = isFree ? '' : ' and exists (select from held)'
  // Each version of the text needs its own name.
  const name = isFree ? 'write_rows' : isOfPart(lease.name) ? 'write_rows_under_lease_of_part' : 'write_rows_under_lease'
  return sql<Result>`${sql.raw(preparedAs(name))}
with incoming as materialized (
  select incoming.*, case when is_removed then now() end as removed_at
  from json_to_recordset(${incoming}::json) as incoming (${sql.raw(incomingDefinitions)})
), ${sql.raw(knownPart)}, ${isFree ? sql`` : sql`${heldLeaseParts(lease)}, `}${
  sql.raw([placedParts(condition), writtenParts(condition), summedParts, runSummedParts, fulfilledParts].join(', '))}
${answer(isFree ? undefined : 'not exists (select from held)')}`
}

/** JSON with 64-bit integers as strings, which PostgreSQL turns into integers again. */
function json (value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => typeof part === 'bigint' ? String(part) : part)
}
