import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { repeatWhereUndone } from '../connection/transaction.js'
import { newRevision } from '../events/revision.js'
import { addToRunSums, runParts } from './run-parts.js'

/** How far the backfill has counted the files that were stored before there were runs. */
export interface BackfillProgress {
  /** Files counted so far. */
  placedCount: number
  isFinished: boolean
}

/** One batch of the backfill. */
export interface BackfillBatch {
  /** Files that it counted. */
  placedCount: number
  /** Whether there are more keys after this batch. */
  hasMore: boolean
}

/** The number of files that one batch looks at. */
const BATCH_ROWS = 500

/** Reads how far the backfill has got, from a single row. */
export async function readBackfillProgress (database: Kysely<Database>): Promise<BackfillProgress> {
  const row = await database.selectFrom('run_backfill')
    .select(['placed_count', sql<boolean>`finished_at is not null`.as('is_finished')])
    .executeTakeFirstOrThrow()
  return { placedCount: Number(row.placed_count), isFinished: row.is_finished }
}

/**
 * Counts the next files, in the order of their keys, in their runs. Rows, sums of runs and the place to continue from change
 * together, in one statement. Files that a run already counts are left alone, so that any number of replicas, of this build or
 * an earlier one, may write meanwhile.
 *
 * @throws if the database does not answer; nothing of the batch is kept then
 */
export async function backfillRuns (database: Kysely<Database>, batchRows = BATCH_ROWS): Promise<BackfillBatch> {
  const { rows: [batch] } = await repeatWhereUndone(() => backfillRunsQuery(batchRows).execute(database))
  return { placedCount: Number(batch?.placed_count ?? 0n), hasMore: batch !== undefined }
}

/** Records that all files are counted in their runs, and that the indexes exist. */
export async function finishBackfill (database: Kysely<Database>): Promise<void> {
  await database.updateTable('run_backfill').set({ finished_at: sql`now()` }).where('finished_at', 'is', null).execute()
}

/*
 * The statement, part by part; locks are taken in the order in which events take them (db/events/write-rows.ts).
 *
 *   batch                  the keys to look at: those after the checkpoint
 *   unplaced … its_runs    their runs (run-parts.ts)
 *   locked                 files that no run counts, as they are once they are locked
 *   replaced               their rows, with run and path, and a new revision, as every change has
 *   summed                 the sums of runs
 *   advanced               the checkpoint; none if there are no keys left
 */
export function backfillRunsQuery (batchRows: number) {
  return sql<{ placed_count: bigint }>`
    with batch as materialized (
      select object_key, org_key, workflow_id, run_id, run_ref, removed_at, event_time, observed_at
      from objects where object_key > (select checkpoint from run_backfill)
      order by object_key limit ${batchRows}
    ), unplaced as materialized (
      select org_key, workflow_id, run_id, min(coalesce(event_time, observed_at)) as first_seen_at
      from batch where run_ref is null and removed_at is null
      group by org_key, workflow_id, run_id
    ), ${sql.raw(runParts)}, locked as materialized (
      select objects.object_key, its_runs.run_ref
      from objects join its_runs using (org_key, workflow_id, run_id)
      where objects.object_key in (select object_key from batch where run_ref is null and removed_at is null)
        and objects.run_ref is null and objects.removed_at is null
      order by objects.object_key
      for update of objects
    ), replaced as (
      update objects set
        run_ref = locked.run_ref, path = regexp_replace(objects.object_key, '^([^/]*/){9}', ''),
        revision = ${newRevision()}::uuid
      from locked where objects.object_key = locked.object_key
      returning
        objects.run_ref, objects.created_by, objects.direction, objects.size_bytes, objects.event_time, objects.observed_at
    ), changes as materialized (
      select
        run_ref, created_by, direction, sum(size_bytes) as size_bytes, count(*) as file_count,
        min(coalesce(event_time, observed_at)) as first_seen_at, max(event_time) as newest_event_at
      from replaced
      group by run_ref, created_by, direction
    ), summed as (
      insert into run_sums (run_ref, created_by, direction, size_bytes, file_count, first_seen_at, newest_event_at)
      select run_ref, created_by, direction, size_bytes, file_count, first_seen_at, newest_event_at
      from changes
      order by run_ref, created_by, direction
      ${sql.raw(addToRunSums)}
    )
    update run_backfill set
      checkpoint = (select max(object_key) from batch), placed_count = run_backfill.placed_count + placed.file_count
    from (select count(*) as file_count from replaced) as placed
    where exists (select from batch)
    returning placed.file_count as placed_count`
}
