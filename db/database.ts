import type { ColumnType, Generated, Insertable, Selectable } from 'kysely'

/** The tables of the catalogue. 64-bit integers are read as bigint. */
export interface Database {
  objects: ObjectsTable
  usage_sums: UsageSumsTable
  workflows: WorkflowsTable
}

/** One row per object key that was ever reported, removed ones for a while as tombstones. */
export interface ObjectsTable {
  object_key: string
  org_key: string
  workflow_id: string
  run_id: string
  created_by: string
  direction: 'inputs' | 'outputs'
  size_bytes: bigint
  entity_tag: string | null
  /** Which vendor's event set this state; its sequencer and version identifiers compare only with its own. */
  event_source: string
  sequencer: string | null
  version_id: string | null
  event_time: Date
  /** When the object was removed; a row with it is a tombstone and counts nothing. */
  removed_at: Date | null
}

/** Kept sums: always equal to the sums over the rows of `objects` that are no tombstones. */
export interface UsageSumsTable {
  org_key: string
  workflow_id: string
  created_by: string
  direction: 'inputs' | 'outputs'
  size_bytes: bigint
  file_count: bigint
}

/** Names of workflows, for people. */
export interface WorkflowsTable {
  org_key: string
  workflow_id: string
  name: string
  updated_at: ColumnType<Date, never, never> & Generated<Date>
}

export type ObjectRow = Selectable<ObjectsTable>
export type NewObjectRow = Insertable<ObjectsTable>
