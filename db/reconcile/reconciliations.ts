import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { dateOf, epochMs, milliseconds, nullableDateOf, nullableEpochMs } from '../connection/time.js'
import { type LeaseClaim, inTransactionUnder } from '../leases.js'

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
  /** Whether it goes from one organisation to the next; the checkpoint is in the order of their prefixes then. */
  isByOrganisation: boolean
  /** Organisations that were left out: their keys are not listed in order. */
  disorderedOrgKeys: readonly string[]
}

/** How far a run has come. */
type WrittenProgress = Pick<Reconciliation, 'checkpoint' | 'counts' | 'isByOrganisation' | 'disorderedOrgKeys'>

/** A running one that was not written down for so long has lost its process. */
const SILENCE_MAX_MS = 60_000
/** What was compared longer ago than this is compared afresh, rather than resumed. */
const RESUMABLE_MS = 24 * 60 * 60 * 1000

const describedColumns = [
  'id', 'prefix', 'status', 'checkpoint', 'failure', 'listed_count', 'added_count', 'removed_count', 'corrected_count',
  'left_count', 'unsettled_count', 'foreign_count', 'foreign_bytes', 'is_by_organisation', 'disordered_org_keys',
  epochMs('started_at').as('started_at_ms'),
  epochMs('updated_at').as('updated_at_ms'),
  nullableEpochMs('finished_at').as('finished_at_ms'),
  sql<boolean>`clock_timestamp() - updated_at > ${milliseconds(SILENCE_MAX_MS)}`.as('is_silent'),
  sql<boolean>`clock_timestamp() - updated_at < ${milliseconds(RESUMABLE_MS)}`.as('is_fresh'),
] as const

/**
 * Writes down the beginning of a run; where the last one of the same prefix did not come to its end, within a day, that one
 * resumes from its checkpoint.
 *
 * @param lease of the run: only its holder writes down anything of this prefix
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
        .set({ status: 'running', failure: null, updated_at: sql`now()` })
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

/** The latest run of a prefix; undefined where there was none. */
export async function readLastReconciliation (database: Kysely<Database>, prefix: string): Promise<Reconciliation | undefined> {
  const row = await lastReconciliationQuery(database, prefix).executeTakeFirst()
  return row === undefined ? undefined : describe(row)
}

/** Whether a complete run of a prefix began within so many milliseconds. */
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
 * Writes down how far a run has come.
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
 * Writes down how a run ended.
 *
 * @throws {LeaseLostError}: the new holder resumes from what was written down before
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
  })
}

function columnsOf ({ counts, isByOrganisation, disorderedOrgKeys }: WrittenProgress) {
  return {
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
