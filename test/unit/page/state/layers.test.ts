import t from 'tap'
import { stack } from '../../../../page/state/layers.js'

const day = (date: string, totalBytes: number) =>
  ({ date, totalBytes, inputBytes: 0, outputBytes: totalBytes, fileCount: 1, isFilled: false })

t.test('on each day the layers add up to the total, with what is left in the last one', async (t) => {
  const days = [day('2026-01-01', 10), day('2026-01-02', 20), day('2026-01-04', 30)]
  const ofOne = [day('2026-01-02', 12), day('2026-01-04', 20)]
  const ofOther = [day('2026-01-01', 4), day('2026-01-03', 9)]
  const layers = stack(days, ['one', 'other'], [ofOne, ofOther], 'else')
  t.same(layers, [
    { name: 'one', bytes: [0, 12, 20] }, { name: 'other', bytes: [4, 0, 0] }, { name: 'else', bytes: [6, 8, 10] },
  ])
})

t.test('there is no layer for nothing, and none is negative', async (t) => {
  t.same(stack([day('2026-01-01', 10)], ['one', 'other'], [[day('2026-01-01', 8)], [day('2026-01-01', 3)]], 'else'), [
    { name: 'one', bytes: [8] }, { name: 'other', bytes: [3] },
  ])
})
