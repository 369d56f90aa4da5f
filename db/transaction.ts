import { setTimeout } from 'node:timers/promises'
import type { Kysely, Transaction } from 'kysely'
import type { Database } from './database.js'
import { sqlState } from './sql-state.js'

const ATTEMPTS = 6
const FIRST_PAUSE_MS = 10
// Serialization failure, deadlock: the server undid the transaction, and the same one may succeed now.
const repeatable = new Set(['40001', '40P01'])

/**
 * Runs work in a transaction that sees what others commit meanwhile (READ COMMITTED), and runs it again where the server
 * undid it for the sake of another one, up to six times.
 *
 * @param onRepeat hears of each repetition
 * @throws whatever the work threw last; nothing is kept of it then
 */
export async function inTransaction<Result> (
  database: Kysely<Database>, work: (transaction: Transaction<Database>) => Promise<Result>, onRepeat: () => void = () => {},
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await database.transaction().setIsolationLevel('read committed').execute(work)
    } catch (error) {
      if (attempt === ATTEMPTS || !repeatable.has(sqlState(error))) throw error
      onRepeat()
      // Of two that are in each other's way, one must come first.
      await setTimeout(Math.random() * FIRST_PAUSE_MS * 2 ** attempt)
    }
  }
}
