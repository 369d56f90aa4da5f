import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { dateOf, epochMs, milliseconds, nullableDateOf, nullableEpochMs } from '../connection/time.js'
import { type LeaseClaim, endLease, inTransactionUnder } from '../leases.js'

/** What a comparison of the catalogue with the bucket has found and done. */
export interface ReconcileCounts {
  /** Objects of the bucket that were looked at. */
  listedCount: number
  addedCount: number
  removedCount: number
  correctedCount: number
  /** Differences caused by a change after the bucket was listed: its event will settle them. */
  leftCount: number
  /** Differences that remain. */
  unsettledCount: number
  /** Objects whose keys do not have this service's form. */
  foreignCount: number
  foreignBytes: bigint
}

/** A range of keys that are still to be compared. */
export interface OpenRange {
  startAfter: string
  /** The last key of the range; undefined if it has no end. */
  through: string | undefined
}

/** A run of the comparison, as last recorded. */
export interface Reconciliation {
  id: bigint
  prefix: string
  /** Also `interrupted` if a run's process ended without recording it. */
  status: 'running' | 'complete' | 'interrupted' | 'failed'
  startedAt: Date
  updatedAt: Date
  finishedAt: Date | null
  /** The key up to which everything is settled; empty at the beginning. A secret. */
  checkpoint: string
  /**
   * What is left of each range, in the order of their keys, if several were compared side by side; the first begins at the
   * checkpoint. Empty if that is everything after the checkpoint. Secrets.
   */
  openRanges: readonly OpenRange[]
  counts: ReconcileCounts
  failure: string | null
  /** Whether it proceeds organisation by organisation; the checkpoint then follows the order of their prefixes. */
  isByOrganisation: boolean
  /** Organisations that were left out since their keys are not listed in order. */
  disorderedOrgKeys: readonly string[]
}

/** How far a run has got. */
type WrittenProgress = Pick<Reconciliation, 'checkpoint' | 'openRanges' | 'counts' | 'isByOrganisation' | 'disorderedOrgKeys'>

/** If a running one has not been updated for this long, its process has ended. */
const SILENCE_MAX_MS = 60_000
/** What was compared longer ago than this is compared again rather than resumed. */
const RESUMABLE_MS = 24 * 60 * 60 * 1000

const describedColumns = [
  'id', 'prefix', 'status', 'checkpoint', 'failure', 'listed_count', 'added_count', 'removed_count', 'corrected_count',
  'left_count', 'unsettled_count', 'foreign_count', 'foreign_bytes', 'is_by_organisation', 'disordered_org_keys',
  // An earlier build that resumed the run knows nothing of ranges: it has settled all that is before its checkpoint.
  sql<Array<{ startAfter: string, through?: string }> | null>`case when open_ranges_at = updated_at then open_ranges end`.as('open_ranges'),
  epochMs('started_at').as('started_at_ms'),
  epochMs('updated_at').as('updated_at_ms'),
  nullableEpochMs('finished_at').as('finished_at_ms'),
  sql<boolean>`clock_timestamp() - updated_at > ${milliseconds(SILENCE_MAX_MS)}`.as('is_silent'),
  sql<boolean>`clock_timestamp() - updated_at < ${milliseconds(RESUMABLE_MS)}`.as('is_fresh'),
] as const

/**
 * Records the beginning of a run. If the last run of the same prefix was not completed, and is less than a day old, the new one
 * resumes from its checkpoint.
 *
 * @param lease of the run: only its holder records anything for this prefix
 * @param options.restart starts over in any case
 * @throws {LeaseLostError}
 */
export async function beginReconciliation (
  database: Kysely<Database>, lease: LeaseClaim, prefix: string, options: { restart: boolean },
): Promise<Reconciliation> {
  return await inTransactionUnder(database, lease, async (transaction) => {
    const last = options.restart ? undefined : await lastReconciliationQuery(transaction, prefix).executeTakeFirst()
    if (last !== undefined && last.status !== 'complete' && last.is_fresh) {
      return describe(await transaction.updateTable('reconciliations')
        .set({
          status: 'running',
          failure: null,
          updated_at: sql`now()`,
          open_ranges_at: sql`case when open_ranges_at = updated_at then now() end`,
        })
        .where('id', '=', last.id)
        .returning(describedColumns)
        .executeTakeFirstOrThrow())
    }
    return describe(await transaction.insertInto('reconciliations')
      .values({ prefix, status: 'running', finished_at: null, failure: null })
      .returning(describedColumns)
      .executeTakeFirstOrThrow())
  })
}

/** The latest run of a prefix; undefined if there was none. */
export async function readLastReconciliation (database: Kysely<Database>, prefix: string): Promise<Reconciliation | undefined> {
  const row = await lastReconciliationQuery(database, prefix).executeTakeFirst()
  return row === undefined ? undefined : describe(row)
}

/** Whether a complete run of a prefix began within the last `periodMs` milliseconds. */
export async function wasReconciledWithin (database: Kysely<Database>, prefix: string, periodMs: number): Promise<boolean> {
  const last = await lastReconciliationQuery(database, prefix)
    .select(sql<boolean>`clock_timestamp() - started_at < ${milliseconds(periodMs)}`.as('is_recent'))
    .executeTakeFirst()
  return last?.status === 'complete' && last.is_recent
}

function lastReconciliationQuery (database: Kysely<Database>, prefix: string) {
  return database.selectFrom('reconciliations').select(describedColumns)
    .where('prefix', '=', prefix)
    .orderBy('id', 'desc')
    .limit(1)
}

/**
 * Records how far a run has got.
 *
 * @throws {LeaseLostError}
 */
export async function saveProgress (
  database: Kysely<Database>, lease: LeaseClaim, id: bigint, progress: WrittenProgress,
): Promise<void> {
  await inTransactionUnder(database, lease, async (transaction) => {
    await transaction.updateTable('reconciliations')
      .set({ ...columnsOf(progress), checkpoint: progress.checkpoint, updated_at: sql`now()` })
      .where('id', '=', id)
      .execute()
  })
}

/**
 * Records how a run ended, and ends its lease, so that anyone who sees that it ended can begin another one.
 *
 * @throws {LeaseLostError}: the new holder resumes from what was recorded before
 */
export async function endReconciliation (
  database: Kysely<Database>, lease: LeaseClaim, id: bigint,
  end: WrittenProgress & { status: 'complete' | 'interrupted' | 'failed', failure?: string },
): Promise<void> {
  await inTransactionUnder(database, lease, async (transaction) => {
    await transaction.updateTable('reconciliations')
      .set({
        ...columnsOf(end),
        status: end.status,
        checkpoint: end.status === 'complete' ? '' : end.checkpoint,
        failure: end.failure ?? null,
        updated_at: sql`now()`,
        finished_at: end.status === 'complete' ? sql`now()` : null,
      })
      .where('id', '=', id)
      .execute()
    await endLease(transaction, lease)
  })
}

function columnsOf ({ openRanges, counts, isByOrganisation, disorderedOrgKeys }: WrittenProgress) {
  return {
    open_ranges: openRanges.length === 0 ? null : JSON.stringify(openRanges),
    open_ranges_at: sql<Date>`now()`,
    is_by_organisation: isByOrganisation,
    disordered_org_keys: [...disorderedOrgKeys],
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

type DescribedRow = Awaited<ReturnType<ReturnType<typeof lastReconciliationQuery>['executeTakeFirstOrThrow']>>

function describe (row: DescribedRow): Reconciliation {
  return {
    id: row.id,
    prefix: row.prefix,
    status: row.status === 'running' && row.is_silent ? 'interrupted' : row.status,
    startedAt: dateOf(row.started_at_ms),
    updatedAt: dateOf(row.updated_at_ms),
    finishedAt: nullableDateOf(row.finished_at_ms),
    checkpoint: row.checkpoint,
    openRanges: row.open_ranges?.map(({ startAfter, through }) => ({ startAfter, through })) ?? [],
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
    isByOrganisation: row.is_by_organisation,
    disorderedOrgKeys: row.disordered_org_keys,
  }
}
