import { type Kysely, type Selectable, sql } from 'kysely'
import type { Database, ReconciliationsTable } from '../connection/tables.js'

/** What a comparison of the catalogue with the bucket has come upon, and done. */
export interface ReconcileCounts {
  /** Objects of the bucket that were looked at. */
  listedCount: number
  addedCount: number
  removedCount: number
  correctedCount: number
  /** Differences that came from a change after the bucket was listed: its event settles them. */
  leftCount: number
  /** Differences that are still there. */
  unsettledCount: number
  /** Objects whose keys are not of this service's form. */
  foreignCount: number
  foreignBytes: bigint
}

/** A run of the comparison, as it was written down last. */
export interface Reconciliation {
  id: bigint
  prefix: string
  /** `interrupted` also where a run's process ended without a word. */
  status: 'running' | 'complete' | 'interrupted' | 'failed'
  startedAt: Date
  updatedAt: Date
  finishedAt: Date | null
  /** The key up to which everything is settled; empty at the beginning. A secret. */
  checkpoint: string
  counts: ReconcileCounts
  failure: string | null
}

/** A running one that was not written down for so long has no process any more. */
const SILENCE_MAX_MS = 60_000
/** What was compared longer ago than this is compared anew, rather than gone on from. */
const RESUMABLE_HOURS = 24

/**
 * Writes down the beginning of a run; where the last one of the same prefix did not come to its end, within a day, that one
 * goes on from its checkpoint.
 *
 * @param options.restart begins anew in any case
 */
export async function beginReconciliation (
  database: Kysely<Database>, prefix: string, options: { restart: boolean },
): Promise<Reconciliation> {
  const last = options.restart ? undefined : await readLastReconciliation(database, prefix)
  const resumable = last !== undefined && last.status !== 'complete' &&
    Date.now() - last.updatedAt.getTime() < RESUMABLE_HOURS * 3_600_000
  if (resumable) {
    const row = await database.updateTable('reconciliations')
      .set({ status: 'running', failure: null, updated_at: sql`now()` })
      .where('id', '=', last.id)
      .returningAll()
      .executeTakeFirstOrThrow()
    return describe(row)
  }
  return describe(await database.insertInto('reconciliations').values({ prefix, status: 'running', finished_at: null, failure: null })
    .returningAll().executeTakeFirstOrThrow())
}

/** The latest run of a prefix; undefined where there was none. */
export async function readLastReconciliation (database: Kysely<Database>, prefix: string): Promise<Reconciliation | undefined> {
  const row = await database.selectFrom('reconciliations').selectAll()
    .where('prefix', '=', prefix)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row === undefined ? undefined : describe(row)
}

/** Writes down how far a run has come. */
export async function saveProgress (
  database: Kysely<Database>, id: bigint, progress: { checkpoint: string, counts: ReconcileCounts },
): Promise<void> {
  await database.updateTable('reconciliations')
    .set({ ...columnsOf(progress.counts), checkpoint: progress.checkpoint, updated_at: sql`now()` })
    .where('id', '=', id)
    .execute()
}

/** Writes down how a run ended. */
export async function endReconciliation (
  database: Kysely<Database>, id: bigint,
  end: { status: 'complete' | 'interrupted' | 'failed', counts: ReconcileCounts, checkpoint: string, failure?: string },
): Promise<void> {
  await database.updateTable('reconciliations')
    .set({
      ...columnsOf(end.counts),
      status: end.status,
      checkpoint: end.status === 'complete' ? '' : end.checkpoint,
      failure: end.failure ?? null,
      updated_at: sql`now()`,
      finished_at: end.status === 'complete' ? sql`now()` : null,
    })
    .where('id', '=', id)
    .execute()
}

function columnsOf (counts: ReconcileCounts) {
  return {
    listed_count: BigInt(counts.listedCount),
    added_count: BigInt(counts.addedCount),
    removed_count: BigInt(counts.removedCount),
    corrected_count: BigInt(counts.correctedCount),
    left_count: BigInt(counts.leftCount),
    unsettled_count: BigInt(counts.unsettledCount),
    foreign_count: BigInt(counts.foreignCount),
    foreign_bytes: counts.foreignBytes,
  }
}

function describe (row: Selectable<ReconciliationsTable>): Reconciliation {
  const isSilent = row.status === 'running' && Date.now() - row.updated_at.getTime() > SILENCE_MAX_MS
  return {
    id: row.id,
    prefix: row.prefix,
    status: isSilent ? 'interrupted' : row.status,
    startedAt: row.started_at,
    updatedAt: row.updated_at,
    finishedAt: row.finished_at,
    checkpoint: row.checkpoint,
    counts: {
      listedCount: Number(row.listed_count),
      addedCount: Number(row.added_count),
      removedCount: Number(row.removed_count),
      correctedCount: Number(row.corrected_count),
      leftCount: Number(row.left_count),
      unsettledCount: Number(row.unsettled_count),
      foreignCount: Number(row.foreign_count),
      foreignBytes: row.foreign_bytes,
    },
    failure: row.failure,
  }
}
