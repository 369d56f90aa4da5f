import t from 'tap'
import { READ_AGAIN_MS } from '../../../../page/state/changes.js'

t.test('figures are at most four seconds late, and asked for four times at most', async (t) => {
  t.equal(READ_AGAIN_MS.at(-1), 4_000)
  t.equal(READ_AGAIN_MS.length, 4)
})
