import t from 'tap'
import { takeDueSnapshots, utcDay } from '../../../db/usage/snapshots.js'
import { admin, startService } from '../../support/service.js'

t.test('a service that listens takes the snapshot of the day that has ended', async (t) => {
  const { app, authorise, nextLine } = await startService(t)
  const taken = nextLine(({ msg }) => msg === 'took the day\'s snapshot of usage')
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.match(await taken, { day: utcDay(new Date(), 1) })
  t.strictSame(await takeDueSnapshots(app.database, new Date()), [])
  const answer = await app.inject({ url: '/api/v1/objects/storage-usage/history', headers: authorise(admin) })
  const { days } = answer.json()
  t.match(days, [{ date: utcDay(new Date(), 1), totalBytes: 0 }, { date: utcDay(new Date()), totalBytes: 0 }])
})

t.test('a database that does not answer costs a warning, and the service goes on', async (t) => {
  const { app, nextLine } = await startService(t, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
  const warned = nextLine(({ msg }) => msg === 'could not take the snapshot of usage')
  await app.listen({ host: '127.0.0.1', port: 0 })
  await warned
  t.equal((await app.inject('/health/live')).statusCode, 200)
})
