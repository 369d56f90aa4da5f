import { ExponentialBackoff, fullJitterGenerator, handleWhen, retry } from 'cockatiel'
import type { Kysely, Transaction } from 'kysely'
import type { Database } from './tables.js'
import { sqlState } from './sql-state.js'

const REPETITIONS = 5
const FIRST_PAUSE_MAX_MS = 20
// Serialization failure, deadlock, and a foreign key whose row was deleted meanwhile: the server rolled the transaction back,
// and the same one may succeed now.
const repeatable = new Set(['40001', '40P01', '23503'])

/**
 * Does some work that the server may roll back in favour of another transaction, and repeats it in that case, up to six times.
 *
 * @param onRepeat called for each repetition
 * @throws whatever the work threw last
 */
export async function repeatWhereUndone<Result> (
  work: () => Promise<Result>, onRepeat: () => void = () => {},
): Promise<Result> {
  // Random pauses, so that of two conflicting transactions one comes first.
  const backoff = new ExponentialBackoff({ initialDelay: FIRST_PAUSE_MAX_MS, generator: fullJitterGenerator })
  const policy = retry(handleWhen((error) => repeatable.has(sqlState(error))), { maxAttempts: REPETITIONS, backoff })
  policy.onRetry(onRepeat)
  return await policy.execute(work)
}

/**
 * Runs work in a transaction that sees what others commit meanwhile (READ COMMITTED), and repeats it if the server rolled it
 * back, up to six times.
 *
 * @param onRepeat called for each repetition
 * @throws whatever the work threw last; none of its changes are kept then
 */
export async function inTransaction<Result> (
  database: Kysely<Database>, work: (transaction: Transaction<Database>) => Promise<Result>, onRepeat: () => void = () => {},
): Promise<Result> {
  return await repeatWhereUndone(
    () => database.transaction().setIsolationLevel('read committed').execute(work), onRepeat)
}
