import type { ColumnType, Generated, Kysely, Selectable } from 'kysely'

/** The catalogue's database, for rooms that pass it on without knowing SQL. */
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
  digests: DigestsTable
  verifications: VerificationsTable
  shares: SharesTable
  share_epochs: ShareEpochsTable
  unfinished_looks: UnfinishedLooksTable
  unfinished_sums: UnfinishedSumsTable
  selections: SelectionsTable
}

/**
 * One row per object key that was ever reported; removed ones stay for a while as tombstones. What is known about a key comes
 * either from an event of the bucket (`event_source`, `event_time`) or from a look into the bucket (`observed_at`). A row with
 * neither is a placeholder: an event arrived that says too little, and the bucket is being asked.
 */
interface ObjectsTable {
  object_key: string
  org_key: string
  workflow_id: string
  run_id: string
  created_by: string
  direction: 'inputs' | 'outputs'
  /** The run whose sums count the file: null in tombstones, and in rows that the backfill has not reached. */
  run_ref: bigint | null
  /** The key's path within its run; null where `run_ref` is. */
  path: string | null
  size_bytes: bigint
  entity_tag: string | null
  /** The vendor whose event set this state; sequencers and version identifiers compare only within one vendor. */
  event_source: string | null
  event_time: Date | null
  sequencer: string | null
  version_id: string | null
  /** When the bucket was asked about this state, by the bucket's clock. */
  observed_at: Date | null
  /** When the removal was written; a row that has it is a tombstone and counts nothing. */
  removed_at: Date | null
  /** Changes with every update of the row. */
  revision: string
}

/** Kept sums: always equal to the sums over the rows of `objects` that are not tombstones. */
interface UsageSumsTable {
  org_key: string
  workflow_id: string
  created_by: string
  direction: 'inputs' | 'outputs'
  size_bytes: bigint
  file_count: bigint
  /** When the newest event included in these sums happened. */
  newest_event_at: ColumnType<Date | null, Date | null | undefined, Date | null>
  /** When that event was counted, by the database's clock; null if a build before 0.2 counted it. */
  newest_event_counted_at: ColumnType<Date | null, Date | null | undefined, Date | null>
}

/** The runs that files are counted in. */
interface RunsTable {
  run_ref: ColumnType<bigint, never, never>
  org_key: string
  workflow_id: string
  run_id: string
  /** Of its files' keys. */
  prefix: string
  /** The earliest known time among the files that it was first counted with. */
  first_seen_at: Generated<Date>
}

/** Kept sums of every run: always equal to the sums over the rows of `objects` that refer to it. */
interface RunSumsTable {
  run_ref: bigint
  created_by: string
  direction: 'inputs' | 'outputs'
  size_bytes: bigint
  file_count: bigint
  /** The earliest known time of a counted file: of its event, or of the look into the bucket that found it. */
  first_seen_at: Date
  /** When the newest event included in these sums happened. */
  newest_event_at: Date | null
}

/** A single row: how far the backfill has counted the files that were stored before there were runs. */
interface RunBackfillTable {
  is_only: ColumnType<never, never, never>
  /** The key up to which all files are counted: a secret. */
  checkpoint: Generated<string>
  placed_count: Generated<bigint>
  /** Set once all files are counted and the indexes that lists need exist. */
  finished_at: Date | null
}

/** Reservations made by `POST /uploads`, until some time after their URLs have expired, or until their parts are aborted. */
interface UploadsTable {
  object_key: string
  org_key: string
  created_by: string
  /** Null if the upload may have any size. */
  size_bytes: bigint | null
  content_type: string
  created_at: Generated<Date>
  expires_at: Date
  /** When the file under the key arrived; it counts in place of the reservation from then on. */
  fulfilled_at: Generated<Date | null>
  /** The store's id of an upload in parts, as long as it may have to be aborted there. */
  store_upload_id: Generated<string | null>
}

/** Records of bucket notifications that need a person's attention. They contain object keys, which are secrets. */
interface SetAsideEventsTable {
  id: ColumnType<bigint, never, never>
  received_at: Generated<Date>
  reason: string
  /** The record as JSON, or whatever arrived in its place; truncated to a fixed length. */
  record: string
}

/** Names of workflows, for people. */
interface WorkflowsTable {
  org_key: string
  workflow_id: string
  name: string
  updated_at: Generated<Date>
}

/** Organisations with a storage limit; the others have no row. */
interface OrgsTable {
  org_key: string
  quota_bytes: bigint
  updated_at: Generated<Date>
}

/** One row per run that compares the catalogue with the bucket and makes it agree. */
interface ReconciliationsTable {
  id: ColumnType<bigint, never, never>
  /** Of the compared keys; empty for all. */
  prefix: string
  /** `running` without recent progress is a run whose process has ended. */
  status: 'running' | 'complete' | 'interrupted' | 'failed'
  started_at: Generated<Date>
  updated_at: Generated<Date>
  /** Set only on a complete one. */
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
  /** Why it failed, in words that contain no keys. */
  failure: string | null
  /** Whether it proceeds organisation by organisation, since the bucket's keys are not listed in order. */
  is_by_organisation: Generated<boolean>
  /** Organisations that were left out, since even their own keys are not listed in order. */
  disordered_org_keys: Generated<string[]>
  /** What is left of several ranges, in the order of their keys: secrets. Null if that is everything after the checkpoint. */
  open_ranges: ColumnType<Array<{ startAfter: string, through?: string }> | null, string | null | undefined, string | null>
  /** `open_ranges` is valid only while this equals `updated_at`. */
  open_ranges_at: ColumnType<Date | null, Date | null | undefined, Date | null>
}

/** The days with a usage snapshot, taken of every organisation at one instant. */
interface UsageDaysTable {
  /** In UTC. */
  day: ColumnType<never, string, never>
  taken_at: Date
  /** Whether the day's end was missed, so that the snapshot was taken later. */
  is_filled: boolean
  /** Whether the users' totals were taken too: builds before 0.2 do not take them. */
  has_users: Generated<boolean>
}

/** One row, once the service has been started: the first day with known usage. */
interface UsageHistoryStartTable {
  is_only: ColumnType<never, never, never>
  /** In UTC. */
  began_on: ColumnType<never, string, never>
}

/** What was stored at the end of a day. Organisations and workflows without files have no rows. */
interface UsageSnapshotsTable {
  org_key: string
  /** Null in the row with the organisation's total. */
  workflow_id: string | null
  day: ColumnType<never, string, never>
  /** Numbers of any size, read as text. */
  input_bytes: string
  output_bytes: string
  file_count: string
}

/** What a user stored at the end of a day, only for days on which that changed: it holds until the user's next row. */
interface UserUsageSnapshotsTable {
  org_key: string
  created_by: string
  day: ColumnType<never, string, never>
  /** Numbers of any size, read as text. All zero on the first day that ended without any files of the user. */
  input_bytes: string
  output_bytes: string
  file_count: string
}

/** One row per look at the bucket's unfinished uploads: the last complete one, and a later one that runs or broke off. */
interface UnfinishedLooksTable {
  look_id: ColumnType<bigint, never, never>
  started_at: Generated<Date>
  /** Null until it is complete. */
  finished_at: Generated<Date | null>
}

/** What a look found, by the organisation and user that the uploads' keys name. */
interface UnfinishedSumsTable {
  look_id: bigint
  org_key: string
  /** Null for keys that name an organisation but otherwise lack the service's form. */
  created_by: string | null
  /** Of parts that have arrived. */
  part_bytes: bigint
}

/** The holders of work that only one process may do at a time. */
interface LeasesTable {
  /** `reconcile/acme` is a part of `reconcile`. */
  name: string
  /** New each time the lease is taken. */
  holder: string
  /** Incremented each time the lease is taken. */
  token: bigint
  /** By the database's clock. */
  expires_at: Date
}

/** Share links. What a link leads to is sealed in the link, and not in any row. */
interface SharesTable {
  id: string
  /** In the order in which they were made. */
  number: ColumnType<bigint, never, never>
  org_key: string
  made_by: string
  kind: ShareKind
  note: string | null
  created_at: Date
  expires_at: Date
  use_count: Generated<bigint>
  last_used_at: Date | null
  revoked_at: Date | null
}

/** What a share link leads to: a file, the files of a run, those of a run whose paths share a prefix, or selected files. */
export type ShareKind = 'file' | 'run' | 'folder' | 'selection'

/** The files that share links of the kind `selection` lead to; deleted with their link. */
interface SelectionsTable {
  share_id: string
  object_keys: string[]
}

/** Organisations whose share links were revoked all at once. */
interface ShareEpochsTable {
  /** Empty for all organisations. */
  org_key: string
  /** Links made then or before have ended, by the database's clock. */
  revoked_before: Date
}

/** Digests of files' bytes, for the few files that have any; they are deleted with the row of their file. */
interface DigestsTable {
  object_key: string
  /** One of those that `objects/digests.ts` names, or `crc32`, which archives need. */
  algorithm: string
  /** Whether it was computed over the bytes that have the entity tag; otherwise it was claimed before they arrived. */
  is_verified: boolean
  /** Without quotes; null for a claim. */
  entity_tag: Generated<string | null>
  value: ColumnType<never, Buffer, Buffer>
  /** Whether the store can say if it has checked the claim, and has not been asked yet. */
  is_confirmable: Generated<boolean>
}

/** How far files have been read again, for each scope for which this was requested. */
interface VerificationsTable {
  /** An organisation's key; empty for all organisations. */
  scope: string
  /** The key up to which files have been read, to resume from: a secret. */
  checkpoint: Generated<string>
  started_at: Generated<Date>
  updated_at: Generated<Date>
  /** Null if it can be resumed. */
  finished_at: Date | null
  read_count: Generated<bigint>
  read_bytes: Generated<bigint>
  mismatch_count: Generated<bigint>
  unreadable_count: Generated<bigint>
}

export type ObjectRow = Selectable<ObjectsTable>
