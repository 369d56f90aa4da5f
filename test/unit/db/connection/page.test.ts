import t from 'tap'
import { cutPage } from '../../../../db/connection/page.js'
import { readRank, writeRank } from '../../../../db/runs/ranked.js'

t.test('a page has as many rows as it may, and ends with its last where more follow', async (t) => {
  t.strictSame(cutPage([], 2), { shown: [], last: undefined })
  t.strictSame(cutPage([1, 2], 2), { shown: [1, 2], last: undefined })
  t.strictSame(cutPage([1, 2, 3], 2), { shown: [1, 2], last: 2 })
})

t.test('a position is read as it was written, whatever its size', async (t) => {
  for (const rank of ['0', '-9223372036854775808', '123456789012345678901234567890']) {
    t.strictSame(readRank(writeRank({ rank, id: 'an-id' })), { rank, id: 'an-id' })
  }
  t.strictSame(readRank(''), { rank: '', id: '' })
})
