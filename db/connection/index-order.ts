import { type CompiledQuery, type Kysely, sql } from 'kysely'
import type { Database } from './tables.js'
import { inTransaction } from './transaction.js'

/**
 * Reads a page in the order of an index that has that order, whatever PostgreSQL believes of the table.
 *
 * Without statistics of a table that has just grown, it takes few rows for live and, to sort them, reads all that follow, for
 * each page: listing 200,000 rows in pages of 2,000 took 4.6 s, and takes 0.3.
 */
export async function readInIndexOrder<Row> (database: Kysely<Database>, query: CompiledQuery<Row>): Promise<Row[]> {
  return await inTransaction(database, async (transaction) => {
    // Where a plan has to sort all the same, it is taken for one so costly that compiling it, for seconds, is worth while.
    await sql`select set_config('enable_sort', 'off', true), set_config('jit', 'off', true)`.execute(transaction)
    const { rows } = await transaction.executeQuery(query)
    return rows
  })
}
