import pg, { type Connection, type PoolClient, type QueryResultRow, type ResultBuilder } from 'pg'

/**
 * Runs a statement in the same transaction and round trip as a preceding statement that returns no row: the messages of both
 * come before the one Sync that ends the transaction (PostgreSQL, "Extended Query").
 *
 * @throws the error of either statement; the second one is not run if the first one failed
 */
export async function queryAfter<Row extends QueryResultRow> (
  client: PoolClient, before: string, statement: { text: string, values: unknown[] },
): Promise<ResultBuilder<Row>> {
  return await new Promise((resolve, reject) => {
    const settle = (error: Error | null | undefined, results: ResultBuilder<Row> | Array<ResultBuilder<Row>>) => {
      if (error != null) return reject(error)
      // One result per statement.
      const result = Array.isArray(results) ? results.at(-1) : results
      if (result === undefined) return reject(new Error('A statement was answered by nothing.'))
      resolve(result)
    }
    // A statement without parameters would be sent as a message that ends the transaction of the statement before it.
    const extended = { ...statement, queryMode: 'extended' }
    const query = new pg.Query<Row, unknown[]>(extended, settle)
    const submit = query.submit.bind(query)
    query.submit = (connection: Connection) => {
      connection.stream.cork()
      connection.parse({ name: '', text: before, types: [] }, true)
      connection.bind({}, true)
      connection.execute({}, true)
      submit(connection)
      connection.stream.uncork()
    }
    client.query(query)
  })
}
