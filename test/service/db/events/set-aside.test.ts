import { sql } from 'kysely'
import t from 'tap'
import { setAside } from '../../../../db/events/set-aside.js'
import { databaseKindsAndRole } from '../../../support/role-database.js'

for (const { name, skip, create } of databaseKindsAndRole) {
  t.test(`records set aside in ${name}`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    const keep = (...names: string[]) =>
      setAside(database, names.map((name) => ({ reason: 'record_malformed', record: { name } })))
    const kept = async () => (await database.selectFrom('set_aside_events').select('record').orderBy('id').execute())
      .map(({ record }) => JSON.parse(record).name)

    t.test('are kept, and after a hundred thousand more the oldest make room, and are counted', async (t) => {
      t.equal(await keep(), 0)
      t.equal(await keep('first'), 0)
      t.equal(await keep('second'), 0)
      t.strictSame(await kept(), ['first', 'second'])
      await sql`select setval(pg_get_serial_sequence('set_aside_events', 'id'), max(id) + 99998) from set_aside_events`.execute(database)
      t.equal(await keep('third'), 1)
      t.strictSame(await kept(), ['second', 'third'])
      t.equal(await keep('fourth', 'fifth'), 1)
      t.strictSame(await kept(), ['third', 'fourth', 'fifth'])
    })
  })
}
