import { type Kysely, sql } from 'kysely'
import type { Digests } from '../objects/digests.js'
import type { Database } from './connection/tables.js'
import { keepVerifiedDigests } from './digests.js'
import { type LeaseClaim, inTransactionUnder } from './leases.js'

/** What reading files again has found so far. */
export interface VerificationCounts {
  readCount: number
  readBytes: bigint
  /** Files that have changed, or are not what was claimed. */
  mismatchCount: number
  /** Files that the store did not let the service read. */
  unreadableCount: number
}

/** How far files have been read again. */
export interface VerificationProgress {
  /** The key up to which they have been read: a secret. */
  checkpoint: string
  counts: VerificationCounts
}

/** The digests computed over a file's bytes. */
export interface ComputedDigests {
  objectKey: string
  /** Without quotes. */
  entityTag: string
  digests: Digests
}

/**
 * Begins to read a scope's files again. If the last time was not finished, it continues from that checkpoint.
 *
 * @param scope an organisation's key; empty for all organisations
 * @param options.restart begins with the first file in any case
 * @throws {LeaseLostError}
 */
export async function beginVerification (
  database: Kysely<Database>, lease: LeaseClaim, scope: string, options: { restart: boolean },
): Promise<VerificationProgress> {
  return await inTransactionUnder(database, lease, async (transaction) => {
    await transaction.deleteFrom('verifications').where('scope', '=', scope)
      .$if(!options.restart, (query) => query.where('finished_at', 'is not', null))
      .execute()
    const row = await transaction.insertInto('verifications').values({ scope, finished_at: null })
      .onConflict((conflict) => conflict.column('scope').doUpdateSet({ updated_at: sql`clock_timestamp()` }))
      .returning(['checkpoint', 'read_count', 'read_bytes', 'mismatch_count', 'unreadable_count'])
      .executeTakeFirstOrThrow()
    return { checkpoint: row.checkpoint, counts: countsOf(row) }
  })
}

/**
 * Stores the digests computed over files' bytes together with the progress.
 *
 * @throws {LeaseLostError}
 */
export async function saveVerification (
  database: Kysely<Database>, lease: LeaseClaim, scope: string, { checkpoint, counts }: VerificationProgress,
  { computed, isFinished }: { computed: readonly ComputedDigests[], isFinished: boolean },
): Promise<void> {
  await inTransactionUnder(database, lease, async (transaction) => {
    for (const { objectKey, entityTag, digests } of computed) {
      await keepVerifiedDigests(transaction, objectKey, entityTag, digests)
    }
    await transaction.updateTable('verifications').set({
      checkpoint,
      read_count: BigInt(counts.readCount),
      read_bytes: counts.readBytes,
      mismatch_count: BigInt(counts.mismatchCount),
      unreadable_count: BigInt(counts.unreadableCount),
      updated_at: sql`clock_timestamp()`,
      finished_at: isFinished ? sql`clock_timestamp()` : null,
    }).where('scope', '=', scope).execute()
  })
}

function countsOf (
  row: Record<'read_count' | 'read_bytes' | 'mismatch_count' | 'unreadable_count', bigint>,
): VerificationCounts {
  return {
    readCount: Number(row.read_count),
    readBytes: row.read_bytes,
    mismatchCount: Number(row.mismatch_count),
    unreadableCount: Number(row.unreadable_count),
  }
}
