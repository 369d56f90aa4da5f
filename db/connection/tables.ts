import type { ColumnType, Generated, Kysely, Selectable } from 'kysely'

/** The catalogue's database, for rooms that hand it on without knowing SQL. */
export type DatabaseHandle = Kysely<Database>

/** The tables of the catalogue. 64-bit integers are read as bigint. */
export interface Database {
  objects: ObjectsTable
  usage_sums: UsageSumsTable
  runs: RunsTable
  run_sums: RunSumsTable
  run_backfill: RunBackfillTable
  uploads: UploadsTable
  set_aside_events: SetAsideEventsTable
  workflows: WorkflowsTable
  reconciliations: ReconciliationsTable
  orgs: OrgsTable
  usage_days: UsageDaysTable
  usage_snapshots: UsageSnapshotsTable
  user_usage_snapshots: UserUsageSnapshotsTable
  usage_history_start: UsageHistoryStartTable
  leases: LeasesTable
}

/**
 * One row per object key that was ever reported, removed ones for a while as tombstones. What is known of a key comes
 * either from an event of the bucket (`event_source`, `event_time`) or from a look into the bucket (`observed_at`). A row
 * with neither is a placeholder: an event arrived that says too little, and the bucket is being asked.
 */
interface ObjectsTable {
  object_key: string
  org_key: string
  workflow_id: string
  run_id: string
  created_by: string
  direction: 'inputs' | 'outputs'
  /** The run whose sums count it: null in tombstones, and in rows that the backfill has not reached. */
  run_ref: bigint | null
  /** The key's path within its run; null where `run_ref` is. */
  path: string | null
  size_bytes: bigint
  entity_tag: string | null
  /** Which vendor's event set this state; its sequencer and version identifier compare only with its own. */
  event_source: string | null
  event_time: Date | null
  sequencer: string | null
  version_id: string | null
  /** When the bucket was asked for this state, by the bucket's clock. */
  observed_at: Date | null
  /** When the removal was written; a row with it is a tombstone and counts nothing. */
  removed_at: Date | null
  /** New with every change of the row. */
  revision: string
}

/** Kept sums: always equal to the sums over the rows of `objects` that are no tombstones. */
interface UsageSumsTable {
  org_key: string
  workflow_id: string
  created_by: string
  direction: 'inputs' | 'outputs'
  size_bytes: bigint
  file_count: bigint
  /** When the newest event happened that these sums hold. */
  newest_event_at: ColumnType<Date | null, Date | null | undefined, Date | null>
}

/** The runs that files are counted in. */
interface RunsTable {
  run_ref: ColumnType<bigint, never, never>
  org_key: string
  workflow_id: string
  run_id: string
  /** Of the keys of its files. */
  prefix: string
}

/** Kept sums of every run: always equal to the sums over the rows of `objects` that refer to it. */
interface RunSumsTable {
  run_ref: bigint
  created_by: string
  direction: 'inputs' | 'outputs'
  size_bytes: bigint
  file_count: bigint
  /** The earliest time that is known of a file that was counted: of its event, or of the look into the bucket that found it. */
  first_seen_at: Date
  /** When the newest event happened that these sums hold. */
  newest_event_at: Date | null
}

/** One row: how far the files that were there before runs were counted are counted in them. */
interface RunBackfillTable {
  is_only: ColumnType<never, never, never>
  /** The key up to which all files are counted: a secret. */
  checkpoint: Generated<string>
  placed_count: Generated<bigint>
  /** Once all files are counted, and the indexes are made that lists need. */
  finished_at: Date | null
}

/** Reservations: places that `POST /uploads` gave, until their URLs have expired for a while. */
interface UploadsTable {
  object_key: string
  org_key: string
  created_by: string
  /** Null where the upload may be of any size. */
  size_bytes: bigint | null
  content_type: string
  created_at: Generated<Date>
  expires_at: Date
  /** Since when there is a file under the key, which then counts in place of the reservation. */
  fulfilled_at: Generated<Date | null>
}

/** Records of bucket notifications that need a person's eye. They hold object keys, which are secrets. */
interface SetAsideEventsTable {
  id: ColumnType<bigint, never, never>
  received_at: Generated<Date>
  reason: string
  /** The record as JSON, or what arrived in its place; cut to a bounded length. */
  record: string
}

/** Names of workflows, for people. */
interface WorkflowsTable {
  org_key: string
  workflow_id: string
  name: string
  updated_at: Generated<Date>
}

/** Organisations whose storage is limited; the others have no row. */
interface OrgsTable {
  org_key: string
  quota_bytes: bigint
  updated_at: Generated<Date>
}

/** One row per run that compares the catalogue with the bucket, and makes it agree. */
interface ReconciliationsTable {
  id: ColumnType<bigint, never, never>
  /** Of the keys compared; empty for all. */
  prefix: string
  /** `running` without news of late is a run whose process ended. */
  status: 'running' | 'complete' | 'interrupted' | 'failed'
  started_at: Generated<Date>
  updated_at: Generated<Date>
  /** Only of a complete one. */
  finished_at: Date | null
  /** The key up to which all differences are settled, to resume from: a secret. */
  checkpoint: Generated<string>
  listed_count: Generated<bigint>
  added_count: Generated<bigint>
  removed_count: Generated<bigint>
  corrected_count: Generated<bigint>
  left_count: Generated<bigint>
  unsettled_count: Generated<bigint>
  foreign_count: Generated<bigint>
  foreign_bytes: Generated<bigint>
  /** Why it failed, in words that hold no keys. */
  failure: string | null
  /** Whether it goes from one organisation to the next, since the bucket's keys are not listed in order. */
  is_by_organisation: Generated<boolean>
  /** Organisations that were left out, since their own keys are not either. */
  disordered_org_keys: Generated<string[]>
}

/** The days that have a snapshot of usage: of every organisation, at one instant. */
interface UsageDaysTable {
  /** UTC. */
  day: ColumnType<never, string, never>
  taken_at: Date
  /** The day's end was missed, so that the snapshot is of a later time. */
  is_filled: boolean
  /** Whether the users' totals were taken, too: builds before 0.2 do not. */
  has_users: Generated<boolean>
}

/** One row, once the service was started: the day from which on usage over time is known. */
interface UsageHistoryStartTable {
  is_only: ColumnType<never, never, never>
  /** UTC. */
  began_on: ColumnType<never, string, never>
}

/** What was stored at the end of a day. Organisations and workflows without files have no rows. */
interface UsageSnapshotsTable {
  org_key: string
  /** Null in the row of the organisation's total. */
  workflow_id: string | null
  day: ColumnType<never, string, never>
  /** Numbers of any size, read as text. */
  input_bytes: string
  output_bytes: string
  file_count: string
}

/** What a user stored at the end of a day, of days when that changed: it holds until the user's next row. */
interface UserUsageSnapshotsTable {
  org_key: string
  created_by: string
  day: ColumnType<never, string, never>
  /** Numbers of any size, read as text. Zeros on the day when everything was gone. */
  input_bytes: string
  output_bytes: string
  file_count: string
}

/** Who is at work that only one process may do at a time. */
interface LeasesTable {
  /** `reconcile/acme` is of a part of `reconcile`. */
  name: string
  /** New each time the lease is taken. */
  holder: string
  /** One more each time the lease is taken. */
  token: bigint
  /** By the database's clock. */
  expires_at: Date
}

export type ObjectRow = Selectable<ObjectsTable>
