import { mock } from 'node:test'
import t from 'tap'
import { READ_AGAIN_MS, announceChange, listenToChanges } from '../../../../page/state/changes.js'

t.test('figures are at most four seconds late, and asked for four times at most', async (t) => {
  t.strictSame(READ_AGAIN_MS, [0, 400, 1_500, 4_000])
})

t.test('after a change, what is shown is read at once, and once more before a second is over', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  let readings = 0
  t.teardown(listenToChanges(() => { readings++ }))
  announceChange()
  mock.timers.tick(1)
  t.equal(readings, 1)
  mock.timers.tick(998)
  t.equal(readings, 2)
  mock.timers.tick(3_000)
  t.equal(readings, 3)
  mock.timers.tick(3_600_000)
  t.equal(readings, 4)
})

t.test('who no longer listens is not asked to read', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  let readings = 0
  const stopListening = listenToChanges(() => { readings++ })
  announceChange()
  mock.timers.tick(1)
  stopListening()
  mock.timers.tick(10_000)
  t.equal(readings, 1)
})
