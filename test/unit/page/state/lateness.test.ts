import t from 'tap'
import { latenessOf } from '../../../../page/state/lateness.js'

const asOf = '2026-01-31T12:00:00.000Z'

t.test('an event that took more than a minute to arrive is late', async (t) => {
  t.equal(latenessOf({ asOf, countedAt: '2026-01-31T12:01:00.001Z' }), 60_001)
  t.equal(latenessOf({ asOf, countedAt: '2026-02-02T12:00:00.000Z' }), 2 * 86_400_000)
})

t.test('one that came in time, or by a clock ahead even before it happened, is not', async (t) => {
  for (const countedAt of ['2026-01-31T12:01:00.000Z', asOf, '2026-01-31T11:00:00.000Z']) {
    t.equal(latenessOf({ asOf, countedAt }), undefined, countedAt)
  }
})

t.test('nothing is said of what is not known', async (t) => {
  t.equal(latenessOf({ asOf: null, countedAt: null }), undefined)
  t.equal(latenessOf({ asOf, countedAt: null }), undefined)
  const { countedAt, ...answer } = { asOf, countedAt: '2026-01-31T13:00:00.000Z' }
  t.ok(countedAt)
  // @ts-expect-error: a build from before this field existed does not send it.
  t.equal(latenessOf(answer), undefined)
})
