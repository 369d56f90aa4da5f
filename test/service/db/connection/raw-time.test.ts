import { sql } from 'kysely'
import t from 'tap'
import { epochMs } from '../../../../db/connection/time.js'
import { databaseKindsAndRole } from '../../../support/role-database.js'

for (const { name, skip, create } of databaseKindsAndRole) {
  t.test(`a time is never read as the session writes it, on ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    for (const time of ['now()', 'localtimestamp', 'current_date', 'current_time', 'interval \'1 day\'']) {
      await t.rejects(sql`select ${sql.raw(time)} as value`.execute(database), new TypeError(), time)
      t.strictSame((await sql`select ${sql.raw(time)} as value where false`.execute(database)).rows, [])
    }
    t.strictSame((await sql`select null::timestamptz as value`.execute(database)).rows, [{ value: null }])
    t.strictSame((await sql`select ${epochMs(sql`'1970-01-01T00:00:01Z'::timestamptz`)} as value`.execute(database)).rows, [{ value: 1000n }])
  })
}
