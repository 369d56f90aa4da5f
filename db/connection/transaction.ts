import { setTimeout } from 'node:timers/promises'
import type { Kysely, Transaction } from 'kysely'
import type { Database } from './tables.js'
import { sqlState } from './sql-state.js'

const ATTEMPTS = 6
const FIRST_PAUSE_MS = 10
// Serialization failure, deadlock: the server undid the transaction, and the same one may succeed now.
const repeatable = new Set(['40001', '40P01'])

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
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === ATTEMPTS || !repeatable.has(sqlState(error))) throw error
      onRepeat()
      // Of two that are in each other's way, one must come first.
      await setTimeout(Math.random() * FIRST_PAUSE_MS * 2 ** attempt)
    }
  }
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
