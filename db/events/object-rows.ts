import { type Kysely, type Transaction, sql } from 'kysely'
import type { Database, ObjectRow } from '../connection/tables.js'
import { nullableDateOf, nullableEpochMs } from '../connection/time.js'

// JSON carries a whole batch in one parameter, so that the statement is the same for every number of rows.
const incoming = (rows: readonly ObjectRow[]) => sql`json_to_recordset(${json(rows)}::json) as incoming (
  object_key text, org_key text, workflow_id uuid, run_id uuid, created_by uuid, direction text, size_bytes bigint,
  entity_tag text, event_source text, event_time timestamptz, sequencer text, version_id text, observed_at timestamptz,
  removed_at timestamptz, revision uuid)`

/**
 * Inserts the rows whose keys are not there yet, and locks the rows that are, one key after the other in the order of
 * the keys, so that no two batches wait for each other.
 *
 * @returns the keys of the rows that were inserted
 */
export async function insertOrLockObjects (
  transaction: Transaction<Database>, rows: readonly ObjectRow[],
): Promise<Set<string>> {
  const inserted = await insertOrLockObjectsQuery(rows).execute(transaction)
  return new Set(inserted.rows.map((row) => row.object_key))
}

export function insertOrLockObjectsQuery (rows: readonly ObjectRow[]) {
  // "All rows will be locked when the ON CONFLICT DO UPDATE action is taken", also those that WHERE leaves as they are
  // (PostgreSQL, INSERT, "ON CONFLICT Clause").
  return sql<{ object_key: string }>`
    insert into objects (
      object_key, org_key, workflow_id, run_id, created_by, direction, size_bytes, entity_tag, event_source, event_time,
      sequencer, version_id, observed_at, removed_at, revision)
    select
      object_key, org_key, workflow_id, run_id, created_by, direction, size_bytes, entity_tag, event_source, event_time,
      sequencer, version_id, observed_at, removed_at, revision
    from ${incoming(rows)}
    order by object_key collate "C"
    on conflict (object_key) do update set revision = excluded.revision where false
    returning object_key`
}

/** A row as SQL gives it. */
export type ReadObjectRow = Omit<ObjectRow, 'event_time' | 'observed_at' | 'removed_at'> &
  Record<'event_time_ms' | 'observed_at_ms' | 'removed_at_ms', bigint | null>

export function objectRowOf (
  { event_time_ms: eventTimeMs, observed_at_ms: observedAtMs, removed_at_ms: removedAtMs, ...row }: ReadObjectRow,
): ObjectRow {
  return {
    ...row,
    event_time: nullableDateOf(eventTimeMs),
    observed_at: nullableDateOf(observedAtMs),
    removed_at: nullableDateOf(removedAtMs),
  }
}

/** Reads the rows of keys, which are locked already. */
export async function readObjects (database: Kysely<Database>, objectKeys: readonly string[]): Promise<ObjectRow[]> {
  const rows = await readObjectsQuery(database, objectKeys).execute()
  return rows.map(objectRowOf)
}

export function readObjectsQuery (database: Kysely<Database>, objectKeys: readonly string[]) {
  return database.selectFrom('objects').select([
    'object_key', 'org_key', 'workflow_id', 'run_id', 'created_by', 'direction', 'size_bytes', 'entity_tag', 'event_source',
    'sequencer', 'version_id', 'revision',
    nullableEpochMs('event_time').as('event_time_ms'),
    nullableEpochMs('observed_at').as('observed_at_ms'),
    nullableEpochMs('removed_at').as('removed_at_ms'),
  ]).where('object_key', '=', sql<string>`any(${objectKeys}::text[])`)
}

/** Gives rows a new state. What a key itself says never changes. */
export async function updateObjects (transaction: Transaction<Database>, rows: readonly ObjectRow[]): Promise<void> {
  await updateObjectsQuery(rows).execute(transaction)
}

export function updateObjectsQuery (rows: readonly ObjectRow[]) {
  return sql`
    update objects set
      size_bytes = incoming.size_bytes, entity_tag = incoming.entity_tag, event_source = incoming.event_source,
      event_time = incoming.event_time, sequencer = incoming.sequencer, version_id = incoming.version_id,
      observed_at = incoming.observed_at, removed_at = incoming.removed_at, revision = incoming.revision
    from ${incoming(rows)}
    where objects.object_key = incoming.object_key`
}

/** JSON with 64-bit integers as strings, which PostgreSQL reads as integers again. */
export function json (value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => typeof part === 'bigint' ? String(part) : part)
}
