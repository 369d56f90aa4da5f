import t from 'tap'
import { DatabaseClock } from '../../../../db/connection/database-clock.js'
import { readServerState } from '../../../../db/connection/server-state.js'
import { databaseKinds } from '../../../support/database.js'

for (const { kind, skip, create } of databaseKinds) {
  t.test(`the clock of ${kind === 'embedded' ? 'the embedded database' : 'a PostgreSQL server'} is known where this machine's is wrong`, { skip }, async (t) => {
    const { database, close } = await create()
    t.teardown(close)
    const clock = new DatabaseClock()
    const { now: realNow } = Date
    t.teardown(() => { Date.now = realNow })
    Date.now = () => realNow() + 3_600_000
    await clock.measure(database)
    const { now } = await readServerState(database)
    t.ok(Math.abs(clock.now().getTime() - now.getTime()) < 2_000)
  })
}
