import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { sql } from 'kysely'
import t from 'tap'
import { readToday, takeDueSnapshots, utcDay } from '../../../db/usage/snapshots.js'
import { admin, startService } from '../../support/service.js'

const daysOf = async ({ app, authorise }: Awaited<ReturnType<typeof startService>>) =>
  (await app.inject({ url: '/api/v1/objects/storage-usage/history', headers: authorise(admin) })).json().days

t.test('the first day is the one of the first start, and is taken once it has ended', async (t) => {
  const service = await startService(t)
  const { app, putFile, nextLine } = service
  await putFile('x')
  await app.bucketEvents.settled()
  await takeDueSnapshots(app.database)
  const today = await readToday(app.database)
  t.match(await daysOf(service), [{ date: today, totalBytes: 1 }])
  // As if the service had been started yesterday.
  await sql`update usage_history_start set began_on = began_on - 1`.execute(app.database)
  const taken = nextLine(({ msg }) => msg === 'took the day\'s snapshot of usage')
  await app.listen({ host: '127.0.0.1', port: 0 })
  const yesterday = utcDay(new Date(today), 1)
  t.match(await taken, { day: yesterday })
  t.strictSame(await takeDueSnapshots(app.database), [])
  t.match(await daysOf(service), [{ date: yesterday, totalBytes: 1 }, { date: today, totalBytes: 1 }])
})

t.test('a database that does not answer costs a warning, and the service continues', async (t) => {
  const { app, nextLine } = await startService(t, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
  const warned = nextLine(({ msg }) => msg === 'could not take the snapshot of usage')
  await app.listen({ host: '127.0.0.1', port: 0 })
  await warned
  t.equal((await app.inject('/health/live')).statusCode, 200)
})

t.test('whether a day has ended is looked at every five minutes, on the clock\'s fives', async (t) => {
  const { app, nextLine } = await startService(t, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
  const { database } = app
  const nextLook = () => nextLine(({ msg }) => msg === 'could not take the snapshot of usage')
  let lookCount = 0
  t.intercept(app, 'database', { get: () => { lookCount++; return database } })
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.UTC(2026, 0, 1, 23, 52, 30) })
  t.teardown(() => { mock.timers.reset() })
  const elapse = async (seconds: number) => {
    // A second at a time: a timer set by another timer runs at the next tick.
    for (let second = 0; second < seconds; second++) mock.timers.tick(1_000)
    await setImmediate()
    return lookCount
  }
  let looked = nextLook()
  await app.listen({ host: '127.0.0.1', port: 0 })
  for (const seconds of [150, 300, 300]) {
    await looked
    looked = nextLook()
    lookCount = 0
    if (!t.equal(await elapse(seconds - 1), 0) || !t.equal(await elapse(1), 1)) return
  }
  await looked
})
