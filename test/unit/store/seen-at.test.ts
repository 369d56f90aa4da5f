import t from 'tap'
import { seenAt } from '../../../store/seen-at.js'

t.test('the store\'s clock is believed unless it is ahead of ours by more than the bound', async (t) => {
  const askedAt = new Date('2026-11-24T10:00:00Z')
  const shown = (ms: number) => new Date(askedAt.getTime() + ms)
  for (const ms of [-600_000, 0, 5_000]) t.strictSame(seenAt(shown(ms), askedAt, 5_000), shown(ms))
  t.strictSame(seenAt(shown(5_001), askedAt, 5_000), askedAt)
})
