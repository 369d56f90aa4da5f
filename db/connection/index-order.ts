import { type Kysely, type SelectQueryBuilder, sql } from 'kysely'
import type { Database } from './tables.js'
import { inTransaction } from './transaction.js'

/**
 * Reads a page in the order of an index that has that order, whatever PostgreSQL believes of the table.
 *
 * Without statistics of a table that has just grown, it takes few rows for live and, to sort them, reads all that follow, for
 * each page: listing 200,000 rows in pages of 2,000 took 4.6 s, and takes 0.3.
 */
export async function readInIndexOrder<Row> (
  database: Kysely<Database>, query: SelectQueryBuilder<Database, 'objects', Row>,
): Promise<Row[]> {
  return await inTransaction(database, async (transaction) => {
    await sql`set local enable_sort = off`.execute(transaction)
    const { rows } = await transaction.executeQuery(query.compile())
    return rows
  })
}
