import t from 'tap'
import { startService } from '../../../support/service.js'

t.test('under too much load', async (t) => {
  const { app, log, downloadPath } = await startService(t, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', MAX_EVENT_LOOP_DELAY: '0.02' })
  const work = () => { for (const endMs = performance.now() + 100; performance.now() < endMs;); }
  const ask = async () => await app.inject(downloadPath('no-key'))
  const untilStatus = async (status: number, meanwhile: () => void) => {
    for (;;) {
      const answer = await ask()
      if (answer.statusCode === status) return answer
      meanwhile()
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  const refused = await untilStatus(503, work)
  t.match(refused.json(), { statusCode: 503, code: 'OVERLOADED' })
  t.ok(Number(refused.headers['retry-after']) > 0)
  t.equal((await app.inject('/health/live')).statusCode, 200, 'it still says that it lives')
  t.equal((await app.inject('/metrics')).statusCode, 200, 'and is measured')
  await ask()
  t.equal(log.filter((line) => line.includes('refusing requests')).length, 1, 'it is logged once')
  t.notOk(log.some((line) => line.includes('"type":"OVERLOADED"')), 'and not for each request')
  await untilStatus(404, () => {})
  t.notOk((await app.inject('/status')).statusCode === 200, 'there is no status of its own')
})
