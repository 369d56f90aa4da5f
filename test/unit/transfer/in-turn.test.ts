import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { inTurn } from '../../../transfer/in-turn.js'

/** Counts up to a number, and records how far it got and whether it was ended. */
function counting (end: number) {
  const state = { given: 0, isEnded: false }
  const items = async function * (): AsyncGenerator<number, undefined> {
    try {
      while (state.given < end) yield ++state.given
    } finally {
      state.isEnded = true
    }
  }
  return { state, items: items() }
}

t.test('each item is worked on once, so many at a time, and none is taken before there is a hand for it', async (t) => {
  const { state, items } = counting(20)
  const done: number[] = []
  let underWay = 0
  let most = 0
  await inTurn(items, 3, async (item) => {
    most = Math.max(most, ++underWay)
    t.ok(state.given - done.length <= 3)
    await setImmediate()
    underWay--
    done.push(item)
  })
  t.strictSame(done, Array.from({ length: 20 }, (_, index) => index + 1))
  t.equal(most, 3)
  t.ok(state.isEnded)
})

t.test('after a failure no other is begun, and it is thrown once the work under way has ended', async (t) => {
  const { state, items } = counting(20)
  const ended: number[] = []
  await t.rejects(inTurn(items, 2, async (item) => {
    if (item === 3) throw new Error('three')
    await setImmediate()
    ended.push(item)
  }), new Error('three'))
  t.ok(state.isEnded)
  t.ok(state.given <= 4)
  t.strictSame(ended, Array.from({ length: state.given }, (_, index) => index + 1).filter((item) => item !== 3))
})
