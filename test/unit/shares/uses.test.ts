import t from 'tap'
import { ShareUseCounter } from '../../../shares/uses.js'

t.test('uses are taken once, and what is put back is counted with those since', async (t) => {
  const counter = new ShareUseCounter()
  counter.count('a', 5)
  counter.count('a', 3)
  counter.count('b', 1)
  const taken = counter.take()
  t.strictSame(taken, [{ id: 'a', count: 2, lastUsedMs: 5 }, { id: 'b', count: 1, lastUsedMs: 1 }])
  t.strictSame(counter.take(), [])
  counter.count('a', 9)
  counter.putBack(taken)
  t.strictSame(counter.take(), [{ id: 'a', count: 3, lastUsedMs: 9 }, { id: 'b', count: 1, lastUsedMs: 1 }])
})

t.test('there is an end to how many links are counted at once', async (t) => {
  const counter = new ShareUseCounter()
  for (let id = 0; id <= 100_000; id++) counter.count(String(id), 0)
  t.equal(counter.take().length, 100_000)
})
