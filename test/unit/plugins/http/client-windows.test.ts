import t, { type Test } from 'tap'
import { ClientWindows } from '../../../../plugins/http/client-windows.js'

const WINDOW_MS = 60_000

/** Windows with a clock that is set by hand. */
function windowsAt (t: Test) {
  const clock = { now: 1_700_000_000_000 }
  t.intercept(Date, 'now', { value: () => clock.now })
  const windows = new ClientWindows()
  const ask = (how: 'incr' | 'read') => (client: string) => {
    let answer: { current: number, ttl: number } | undefined
    windows[how](client, (_error, result) => { answer = result }, WINDOW_MS)
    return answer
  }
  return { clock, windows, increment: ask('incr'), read: ask('read') }
}

t.test('each client is counted in a window that begins with the first time', async (t) => {
  const { clock, increment, read } = windowsAt(t)
  t.strictSame(read('one'), { current: 0, ttl: 0 })
  t.strictSame(increment('one'), { current: 1, ttl: WINDOW_MS })
  clock.now += 10_000
  t.strictSame(increment('one'), { current: 2, ttl: 50_000 })
  t.strictSame(increment('other'), { current: 1, ttl: WINDOW_MS })
  t.strictSame([read('one'), read('one')], [{ current: 2, ttl: 50_000 }, { current: 2, ttl: 50_000 }], 'asking does not count')
})

t.test('a window ends after its time, and not before', async (t) => {
  const { clock, increment, read } = windowsAt(t)
  increment('one')
  clock.now += WINDOW_MS - 1
  t.strictSame(increment('one'), { current: 2, ttl: 1 })
  clock.now += 1
  t.strictSame(read('one'), { current: 0, ttl: 0 })
  t.strictSame(increment('one'), { current: 1, ttl: WINDOW_MS }, 'what was counted late in the window does not prolong it')
})

t.test('a clock that is set back does not count a client into a window of the future forever', async (t) => {
  const { clock, increment } = windowsAt(t)
  increment('one')
  clock.now -= 3_600_000
  t.strictSame(increment('one'), { current: 1, ttl: WINDOW_MS })
})

t.test('what was answered does not change with the next count', async (t) => {
  const { windows } = windowsAt(t)
  const answers: Array<{ current: number }> = []
  for (let index = 0; index < 3; index++) windows.incr('one', (_error, answer) => { answers.push(answer) }, WINDOW_MS)
  t.strictSame(answers.map(({ current }) => current), [1, 2, 3])
})

t.test('the clients seen last are remembered, 10,000 of them', async (t) => {
  const { increment, read } = windowsAt(t)
  increment('first')
  increment('second')
  for (let index = 0; index < 9_998; index++) increment(`client ${index}`)
  t.match([increment('first'), read('second')], [{ current: 2 }, { current: 1 }])
  increment('one more')
  increment('another')
  t.match([read('client 0'), read('first'), read('client 9997')], [{ current: 0 }, { current: 2 }, { current: 1 }])
})

t.test('another limit counts by itself', async (t) => {
  const { windows, increment } = windowsAt(t)
  increment('one')
  windows.child().read('one', (_error, { current }) => { t.equal(current, 0) }, WINDOW_MS)
})
