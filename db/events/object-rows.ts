import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { KnownKey } from '../../events/decision.js'
import type { KnownState } from '../../events/order.js'
import type { ObjectKeyParts } from '../../objects/object-key.js'
import type { Database, ObjectRow } from '../connection/tables.js'
import { dateOf, nullableEpochMs } from '../connection/time.js'

// The only place that names the columns of `objects` and their types, and that converts states to rows and back.

/** What follows from the key itself, and never changes. */
const keyColumns = {
  object_key: 'text',
  org_key: 'text',
  workflow_id: 'uuid',
  run_id: 'uuid',
  created_by: 'uuid',
  direction: 'text',
} as const
/** Where the file is counted, and what is known about it. */
const stateColumns = {
  run_ref: 'bigint',
  path: 'text',
  size_bytes: 'bigint',
  entity_tag: 'text',
  event_source: 'text',
  event_time: 'timestamptz',
  sequencer: 'text',
  version_id: 'text',
  observed_at: 'timestamptz',
  removed_at: 'timestamptz',
  revision: 'uuid',
} as const
const columns: Record<keyof ObjectRow, string> = { ...keyColumns, ...stateColumns }

/** A row as SQL returns it: times in milliseconds since 1970. */
export type ReadObjectRow = {
  [Column in keyof ObjectRow as ObjectRow[Column] extends Date | null ? `${Column}_ms` : Column]:
  ObjectRow[Column] extends Date | null ? bigint | null : ObjectRow[Column]
}

/**
 * A row as it is passed to SQL, which fills in when a removal was written, since tombstones are purged by the database's clock,
 * and which run the row belongs to.
 */
export type WritableObjectRow = Omit<ObjectRow, 'removed_at' | 'run_ref'> & { is_removed: boolean }

/** What to select from a table, or from a part of a statement, to get readable rows. */
export function readableColumns (table: string): RawBuilder<ReadObjectRow> {
  const selected = Object.entries(columns).map(([column, type]) => type === 'timestamptz'
    ? sql`${nullableEpochMs(`${table}.${column}`)} as ${sql.raw(`${column}_ms`)}`
    : sql.raw(`${table}.${column}`))
  return sql<ReadObjectRow>`${sql.join(selected, sql.raw(',\n  '))}`
}

/** `object_key, org_key, …`. */
export function columnList (): string {
  return listOf(columns, (column) => column)
}

/** `object_key text, org_key text, …, is_removed boolean`, for reading {WritableObjectRow}s from JSON. */
export function columnDefinitions (): string {
  const { removed_at: _removedAt, run_ref: _runRef, ...written } = columns
  return listOf({ ...written, is_removed: 'boolean' }, (column, type) => `${column} ${type}`)
}

/** `size_bytes = incoming.size_bytes, …`: gives a row the state of another one with the same key. */
export function stateAssignments (from: string): string {
  return listOf(stateColumns, (column) => `${column} = ${from}.${column}`)
}

/** In lines of five, for those who review the statement. */
function listOf (of: Readonly<Record<string, string>>, write: (column: string, type: string) => string): string {
  return Object.entries(of)
    .map(([column, type], index) => (index === 0 ? '' : index % 5 === 0 ? ',\n    ' : ', ') + write(column, type))
    .join('')
}

/**
 * Makes the row of a key.
 *
 * @param state undefined for a placeholder
 */
export function makeObjectRow (
  { objectKey, parts }: { objectKey: string, parts: ObjectKeyParts }, state: KnownState | undefined, revision: string,
): WritableObjectRow {
  const file = state?.change.kind === 'created' ? state.change : undefined
  const event = state !== undefined && 'eventTime' in state ? state : undefined
  const observation = state !== undefined && 'observedAt' in state ? state : undefined
  return {
    object_key: objectKey,
    org_key: parts.orgKey,
    workflow_id: parts.workflowId,
    run_id: parts.runId,
    created_by: parts.createdBy,
    direction: parts.direction,
    path: file === undefined ? null : parts.path,
    size_bytes: BigInt(file?.sizeBytes ?? 0),
    entity_tag: file?.entityTag ?? null,
    event_source: event?.eventSource ?? null,
    event_time: event?.eventTime ?? null,
    sequencer: event?.sequencer ?? null,
    version_id: event?.versionId ?? null,
    observed_at: observation?.observedAt ?? null,
    is_removed: file === undefined,
    revision,
  }
}

/** What a row says is known of its key. */
export function readKnownKey (row: ReadObjectRow): KnownKey {
  return { state: readState(row), revision: row.revision }
}

function readState (row: ReadObjectRow): KnownState | undefined {
  const change = row.removed_at_ms === null
    ? { kind: 'created', sizeBytes: Number(row.size_bytes), entityTag: row.entity_tag ?? undefined } as const
    : { kind: 'removed' } as const
  if (row.observed_at_ms !== null) return { change, observedAt: dateOf(row.observed_at_ms) }
  if (row.event_source === null || row.event_time_ms === null) return undefined
  return {
    change,
    eventSource: row.event_source,
    eventTime: dateOf(row.event_time_ms),
    sequencer: row.sequencer ?? undefined,
    versionId: row.version_id ?? undefined,
  }
}

/** Reads the rows of the given keys; keys without a row are left out. */
export async function readObjects (database: Kysely<Database>, objectKeys: readonly string[]): Promise<ReadObjectRow[]> {
  const { rows } = await readObjectsQuery(objectKeys).execute(database)
  return rows
}

export function readObjectsQuery (objectKeys: readonly string[]) {
  return sql<ReadObjectRow>`select
  ${readableColumns('objects')}
from objects where object_key = any(${objectKeys}::text[])`
}
