import t from 'tap'
import { Pauses } from '../../../queues/pauses.js'

const MAX_MS = 10_000
const lengthsOf = (pauses: Pauses, count: number) => Array.from({ length: count }, () => pauses.nextMs())

t.test('pauses grow by and large, differ, are never longer than the longest, and begin small again', async (t) => {
  const pauses = new Pauses(MAX_MS)
  const lengths = lengthsOf(pauses, 50)
  t.ok(lengths.every((ms) => ms >= 0 && ms <= MAX_MS))
  t.ok((lengths[0] ?? NaN) < 500)
  t.ok(lengths.slice(20).every((ms) => ms === MAX_MS))
  t.notSame(lengthsOf(new Pauses(MAX_MS), 5), lengths.slice(0, 5))
  pauses.reset()
  t.ok(pauses.nextMs() < 500)
})

t.test('a pause ends with its signal', async (t) => {
  const stopping = new AbortController()
  const pauses = new Pauses(1_000_000)
  lengthsOf(pauses, 30)
  const waited = pauses.wait(stopping.signal)
  stopping.abort()
  await t.resolves(waited)
})
