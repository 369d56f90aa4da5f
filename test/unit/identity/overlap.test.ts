import fc from 'fast-check'
import t from 'tap'
import { Overlap } from '../../../identity/overlap.js'

t.test('a value that is replaced counts beside the new one until its time is over', async (t) => {
  const overlap = new Overlap('first', 100)
  t.strictSame(overlap.at(0), ['first'])
  overlap.replace('second', 1_000)
  t.strictSame(overlap.at(1_000), ['second', 'first'])
  t.strictSame(overlap.at(1_099), ['second', 'first'])
  t.strictSame(overlap.at(1_100), ['second'])
  t.strictSame(overlap.at(9_999), ['second'], 'the newest has no end')
})

t.test('however often it is replaced, those count that were current within the overlap, the newest first', async () => {
  const overlapMs = 50
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 8 }), fc.nat(120), (gaps, laterMs) => {
    const overlap = new Overlap(0, overlapMs)
    const replacedAt: number[] = []
    let now = 0
    for (const gap of gaps) {
      now += gap
      overlap.replace(replacedAt.push(now), now)
    }
    const at = now + laterMs
    const older = replacedAt.flatMap((time, value) => time + overlapMs > at ? [value] : []).reverse()
    return JSON.stringify(overlap.at(at)) === JSON.stringify([gaps.length, ...older])
  }))
})
