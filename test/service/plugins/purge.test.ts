import { mock } from 'node:test'
import { type Kysely, sql } from 'kysely'
import t, { type Test } from 'tap'
import type { Database } from '../../../db/connection/tables.js'
import { startService } from '../../support/service.js'

const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS
const id = '00000000-0000-4000-8000-000000000001'
const purged = ({ msg }: { msg: string }) => msg === 'purged expired rows'

/** Intervals elapse only when the test says so. */
function stopIntervals (t: Test): (elapsedMs: number) => void {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => { mock.timers.reset() })
  return (elapsedMs) => { mock.timers.tick(elapsedMs) }
}

/** Inserts a row of each kind, with an age in milliseconds since its removal, expiry or arrival. */
async function insertRows (
  database: Kysely<Database>, name: string, ages: Record<keyof typeof retention, number>,
): Promise<void> {
  const at = (ageMs: number) => sql`now() - ${`${ageMs} milliseconds`}::interval`
  await sql`
    insert into objects
      (object_key, org_key, workflow_id, run_id, created_by, direction, size_bytes, observed_at, removed_at, revision)
    values (${name}, 'acme', ${id}, ${id}, ${id}, 'inputs', 0, now(), ${at(ages.tombstones)}, ${id})`.execute(database)
  await sql`insert into uploads (object_key, org_key, created_by, content_type, expires_at)
    values (${name}, 'acme', ${id}, 'text/plain', ${at(ages.uploads)})`.execute(database)
  await sql`insert into set_aside_events (reason, record, received_at) values (${name}, '', ${at(ages.setAsideEvents)})`.execute(database)
  await sql`insert into leases (name, holder, token, expires_at)
    values (${`reconcile/${name}`}, ${id}, 1, ${at(ages.leases)})`.execute(database)
}

/** What is kept, and the minimum time for which it is. */
const retention = { tombstones: 30 * DAY_MS, uploads: DAY_MS, setAsideEvents: 90 * DAY_MS, leases: DAY_MS }
const ages = (moreMs: number) => ({
  tombstones: retention.tombstones + moreMs,
  uploads: retention.uploads + moreMs,
  setAsideEvents: retention.setAsideEvents + moreMs,
  leases: retention.leases + moreMs,
})

t.test('every hour, what nobody needs any more is deleted, and nothing before its time', async (t) => {
  const elapse = stopIntervals(t)
  const { app: { database }, log, nextLine } = await startService(t)
  const MINUTE_MS = 60_000
  await insertRows(database, 'old', ages(MINUTE_MS))
  await insertRows(database, 'young', ages(-MINUTE_MS))
  const names = async () => (await sql<{ name: string }>`
    select object_key as name from objects union all select object_key from uploads union all select reason from set_aside_events
    union all select name from leases where name like 'reconcile/%' order by name`.execute(database)).rows.map(({ name }) => name)

  elapse(HOUR_MS - 1)
  t.equal((await names()).length, 8)
  t.notMatch(log.join(''), 'purged expired rows')

  const first = nextLine(purged)
  elapse(1)
  t.match(await first, { tombstones: 1, uploads: 1, setAsideEvents: 1, leases: 1 })
  t.strictSame(await names(), ['reconcile/young', 'young', 'young', 'young'])

  const second = nextLine(purged)
  elapse(HOUR_MS)
  t.match(await second, { tombstones: 0, uploads: 0, setAsideEvents: 0, leases: 0 }, 'and so on')
})

t.test('a database that does not answer costs a warning, and the next hour is tried again', async (t) => {
  const elapse = stopIntervals(t)
  const { nextLine } = await startService(t, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
  for (let hour = 0; hour < 2; hour++) {
    const warned = nextLine(({ msg }) => msg === 'could not purge expired rows')
    elapse(HOUR_MS)
    await warned
  }
})
