import { type Kysely, sql } from 'kysely'
import type { Database } from '../connection/tables.js'
import { milliseconds } from '../connection/time.js'
import { type LeaseClaim, inTransactionUnder } from '../leases.js'

/** Bytes of unfinished uploads by the organisation that their keys name, and by user if the keys have the service's form. */
export interface UnfinishedSum {
  orgKey: string
  createdBy: string | null
  partBytes: bigint
}

/** How often the bucket is looked at. */
export interface LookTimes {
  /** Between the beginnings of two looks. */
  everyMs: number
  /** The pause after a look, as a multiple of the time that it took: each one asks for every upload. */
  pauseFactor: number
}

/**
 * Begins a look at the bucket's unfinished uploads, if one is due. What an interrupted look had found is deleted.
 *
 * @returns the look's id; undefined if none is due
 * @throws {LeaseLostError}
 */
export async function beginLook (
  database: Kysely<Database>, lease: LeaseClaim, { everyMs, pauseFactor }: LookTimes,
): Promise<bigint | undefined> {
  return await inTransactionUnder(database, lease, async (transaction) => {
    const { rows: [look] } = await sql<{ look_id: bigint }>`
      insert into unfinished_looks (started_at)
      select clock_timestamp()
      where not exists (
        select from unfinished_looks
        where started_at > clock_timestamp() - ${milliseconds(everyMs)}
          or finished_at > clock_timestamp() - ${pauseFactor}::int * (finished_at - started_at)
      )
      returning look_id`.execute(transaction)
    if (look === undefined) return undefined
    await transaction.deleteFrom('unfinished_looks').where('finished_at', 'is', null).where('look_id', '<', look.look_id).execute()
    return look.look_id
  })
}

/**
 * Adds to what a look has found.
 *
 * @throws {LeaseLostError}
 */
export async function addToLook (
  database: Kysely<Database>, lease: LeaseClaim, lookId: bigint, sums: readonly UnfinishedSum[],
): Promise<void> {
  if (sums.length === 0) return
  await inTransactionUnder(database, lease, async (transaction) => {
    await transaction.insertInto('unfinished_sums')
      .values(sums.map(({ orgKey, createdBy, partBytes }) => (
        { look_id: lookId, org_key: orgKey, created_by: createdBy, part_bytes: partBytes })))
      .onConflict((conflict) => conflict.columns(['look_id', 'org_key', 'created_by'])
        .doUpdateSet({ part_bytes: sql`unfinished_sums.part_bytes + excluded.part_bytes` }))
      .execute()
  })
}

/**
 * Completes a look, whose figures are read from then on; earlier ones are deleted.
 *
 * @throws {LeaseLostError}
 */
export async function endLook (database: Kysely<Database>, lease: LeaseClaim, lookId: bigint): Promise<void> {
  await inTransactionUnder(database, lease, async (transaction) => {
    await transaction.updateTable('unfinished_looks').set({ finished_at: sql<Date>`clock_timestamp()` })
      .where('look_id', '=', lookId).execute()
    await transaction.deleteFrom('unfinished_looks').where('look_id', '<', lookId).execute()
  })
}
