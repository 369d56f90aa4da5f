import { type Kysely, sql } from 'kysely'
import type { Database, ObjectRow } from './database.js'
import { json } from './object-rows.js'

/** A key's row as it shall be, and when the event happened that made it so. */
export interface SettledRow {
  row: ObjectRow
  eventTime: Date | undefined
}

/** What inserting rows came to. */
export interface InsertedRows {
  insertedKeys: Set<string>
  /** Rows of keys that were there before; one that another transaction has just inserted may be missing. */
  existingRows: ObjectRow[]
  /** Keys of files that are of another size than their uploads were promised for. */
  brokenPromises: string[]
}

/** What replacing rows came to. */
export interface ReplacedRows {
  /** Keys whose rows were still at the revision that the change was based on. */
  replacedKeys: Set<string>
  brokenPromises: string[]
}

type KeyResult = { key: string, is_promise_broken: boolean }
type Missing = { [Column in keyof ObjectRow]: null }

/**
 * Inserts the rows whose keys are not there yet, adds them to the sums, and takes back the promises of uploads that arrived,
 * in one statement: all of it happens or nothing. Rows are inserted in the order of their keys and sums changed in theirs,
 * so that no two replicas wait for each other.
 *
 * @throws SQLSTATE 22003 where a sum would exceed 2^63−1
 */
export async function insertSettledRows (
  database: Kysely<Database>, settledRows: readonly SettledRow[],
): Promise<InsertedRows> {
  const { rows } = await insertSettledRowsQuery(settledRows).execute(database)
  const insertedKeys = new Set(settledRows.map(({ row }) => row.object_key))
  const existingRows: ObjectRow[] = []
  const brokenPromises: string[] = []
  for (const result of rows) {
    const { key, is_promise_broken: isPromiseBroken, ...existing } = result
    if (isPromiseBroken) brokenPromises.push(key)
    else insertedKeys.delete(key)
    if (existing.object_key !== null) existingRows.push(existing)
  }
  return { insertedKeys, existingRows, brokenPromises }
}

/**
 * Replaces rows that are still at the revision that their change is based on, adds the differences to the sums, and takes
 * back the promises of uploads that arrived, in one statement: all of it happens or nothing. Rows are locked in the order of
 * their keys and sums changed in theirs, so that no two replicas wait for each other.
 *
 * @throws SQLSTATE 23514 where a sum would fall below zero, 22003 where it would exceed 2^63−1
 */
export async function replaceSettledRows (
  database: Kysely<Database>, changes: ReadonlyArray<SettledRow & { before: ObjectRow }>,
): Promise<ReplacedRows> {
  const { rows } = await replaceSettledRowsQuery(changes).execute(database)
  return {
    replacedKeys: new Set(rows.map(({ key }) => key)),
    brokenPromises: rows.flatMap(({ key, is_promise_broken: isPromiseBroken }) => isPromiseBroken ? [key] : []),
  }
}

// JSON carries a whole batch in one parameter, so that the statement is the same for every number of rows.
const incoming = (rows: readonly object[]) => sql`incoming as materialized (
  select * from json_to_recordset(${json(rows)}::json) as incoming (
    object_key text, org_key text, workflow_id uuid, run_id uuid, created_by uuid, direction text, size_bytes bigint,
    entity_tag text, event_source text, event_time timestamptz, sequencer text, version_id text, observed_at timestamptz,
    removed_at timestamptz, revision uuid, newest_event_at timestamptz,
    revision_before uuid, size_change bigint, count_change bigint))`

// Takes `written`: the rows as they are now.
const fulfilled = sql`fulfilled as (
  delete from uploads using written
  where uploads.object_key = written.object_key and written.removed_at is null
  returning uploads.object_key, uploads.size_bytes as promised_bytes, written.size_bytes
), broken as (
  insert into set_aside_events (reason, record)
  select 'size_not_as_promised',
    json_build_object('objectKey', object_key, 'promisedBytes', promised_bytes, 'sizeBytes', size_bytes)
  from fulfilled where promised_bytes <> size_bytes
)`

export function insertSettledRowsQuery (settledRows: readonly SettledRow[]) {
  return sql<KeyResult & (ObjectRow | Missing)>`
with ${incoming(settledRows.map(({ row, eventTime }) => ({ ...row, newest_event_at: eventTime })))}, written as (
  insert into objects (
    object_key, org_key, workflow_id, run_id, created_by, direction, size_bytes, entity_tag, event_source, event_time,
    sequencer, version_id, observed_at, removed_at, revision)
  select
    object_key, org_key, workflow_id, run_id, created_by, direction, size_bytes, entity_tag, event_source, event_time,
    sequencer, version_id, observed_at, removed_at, revision
  from incoming
  order by object_key collate "C"
  on conflict (object_key) do nothing
  returning object_key, org_key, workflow_id, created_by, direction, size_bytes, removed_at
), summed as (
  insert into usage_sums (org_key, workflow_id, created_by, direction, size_bytes, file_count, newest_event_at)
  select
    written.org_key, written.workflow_id, written.created_by, written.direction, sum(written.size_bytes),
    count(*) filter (where written.removed_at is null), max(incoming.newest_event_at)
  from written join incoming using (object_key)
  group by written.org_key, written.workflow_id, written.created_by, written.direction
  order by written.org_key collate "C", written.workflow_id, written.created_by, written.direction
  on conflict (org_key, workflow_id, created_by, direction) do update set
    size_bytes = usage_sums.size_bytes + excluded.size_bytes, file_count = usage_sums.file_count + excluded.file_count,
    newest_event_at = greatest(usage_sums.newest_event_at, excluded.newest_event_at)
), ${fulfilled}
select
  incoming.object_key as key, coalesce(fulfilled.promised_bytes <> fulfilled.size_bytes, false) as is_promise_broken, existing.*
from incoming
left join written on written.object_key = incoming.object_key
left join fulfilled on fulfilled.object_key = incoming.object_key
left join objects as existing on existing.object_key = incoming.object_key
where written.object_key is null or fulfilled.promised_bytes <> fulfilled.size_bytes`
}

export function replaceSettledRowsQuery (changes: ReadonlyArray<SettledRow & { before: ObjectRow }>) {
  const rows = changes.map(({ row, before, eventTime }) => ({
    ...row,
    newest_event_at: eventTime,
    revision_before: before.revision,
    size_change: row.size_bytes - before.size_bytes,
    count_change: fileCount(row) - fileCount(before),
  }))
  return sql<KeyResult>`
with ${incoming(rows)}, locked as materialized (
  select objects.object_key
  from objects join incoming on incoming.object_key = objects.object_key and incoming.revision_before = objects.revision
  order by objects.object_key
  for update of objects
), written as (
  update objects set
    size_bytes = incoming.size_bytes, entity_tag = incoming.entity_tag, event_source = incoming.event_source,
    event_time = incoming.event_time, sequencer = incoming.sequencer, version_id = incoming.version_id,
    observed_at = incoming.observed_at, removed_at = incoming.removed_at, revision = incoming.revision
  from incoming join locked using (object_key)
  where objects.object_key = incoming.object_key
  returning objects.object_key, objects.size_bytes, objects.removed_at
), changes as materialized (
  select
    org_key, workflow_id, created_by, direction, sum(size_change) as size_bytes, sum(count_change) as file_count,
    max(newest_event_at) as newest_event_at
  from incoming join written using (object_key)
  group by org_key, workflow_id, created_by, direction
), summed as (
  insert into usage_sums (org_key, workflow_id, created_by, direction, size_bytes, file_count, newest_event_at)
  select org_key, workflow_id, created_by, direction, greatest(size_bytes, 0), greatest(file_count, 0), newest_event_at
  from changes
  order by org_key collate "C", workflow_id, created_by, direction
  on conflict (org_key, workflow_id, created_by, direction) do update set
    (size_bytes, file_count, newest_event_at) = (
      select
        usage_sums.size_bytes + changes.size_bytes, usage_sums.file_count + changes.file_count,
        greatest(usage_sums.newest_event_at, changes.newest_event_at)
      from changes
      where changes.org_key = excluded.org_key and changes.workflow_id = excluded.workflow_id
        and changes.created_by = excluded.created_by and changes.direction = excluded.direction)
), ${fulfilled}
select written.object_key as key, coalesce(fulfilled.promised_bytes <> fulfilled.size_bytes, false) as is_promise_broken
from written left join fulfilled on fulfilled.object_key = written.object_key`
}

function fileCount (row: ObjectRow): bigint {
  return row.removed_at === null ? 1n : 0n
}
