import { ExponentialBackoff, fullJitterGenerator, handleWhen, retry } from 'cockatiel'
import type { Kysely, Transaction } from 'kysely'
import type { Database } from './tables.js'
import { sqlState } from './sql-state.js'

const REPETITIONS = 5
const FIRST_PAUSE_MAX_MS = 20
// Serialization failure, deadlock, and a foreign key whose row went meanwhile: the server undid the transaction, and the same
// one may succeed now.
const repeatable = new Set(['40001', '40P01', '23503'])

/**
 * Does something that the server may undo for the sake of another transaction, and does it again where it was undone, up to
 * six times.
 *
 * @param onRepeat hears of each repetition
 * @throws whatever the work threw last
 */
export async function repeatWhereUndone<Result> (
  work: () => Promise<Result>, onRepeat: () => void = () => {},
): Promise<Result> {
  // Of two that are in each other's way, one must come first: pauses are random.
  const backoff = new ExponentialBackoff({ initialDelay: FIRST_PAUSE_MAX_MS, generator: fullJitterGenerator })
  const policy = retry(handleWhen((error) => repeatable.has(sqlState(error))), { maxAttempts: REPETITIONS, backoff })
  policy.onRetry(onRepeat)
  return await policy.execute(work)
}

/**
 * Runs work in a transaction that sees what others commit meanwhile (READ COMMITTED), and runs it again where the server
 * undid it, up to six times.
 *
 * @param onRepeat hears of each repetition
 * @throws whatever the work threw last; nothing is kept of it then
 */
export async function inTransaction<Result> (
  database: Kysely<Database>, work: (transaction: Transaction<Database>) => Promise<Result>, onRepeat: () => void = () => {},
): Promise<Result> {
  return await repeatWhereUndone(
    () => database.transaction().setIsolationLevel('read committed').execute(work), onRepeat)
}
