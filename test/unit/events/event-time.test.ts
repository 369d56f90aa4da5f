import t from 'tap'
import { readEventTime } from '../../../events/event-time.js'

t.test('a time is read in UTC or with an offset, to the millisecond', async (t) => {
  const sameTimes = [
    '2026-11-24T10:27:54.147Z', '2026-11-24T10:27:54.147+00:00', '2026-11-24T10:27:54.147-00:00', '2026-11-24T13:57:54.147+03:30',
    '2026-11-23T22:27:54.147-12:00', '2026-11-25T09:27:54.147+23:00',
    '2026-11-24t10:27:54.147z', '2026-11-24T10:27:54.147895Z', '2026-11-24T10:27:54.147895123+00:00',
  ]
  for (const text of sameTimes) t.equal(readEventTime(text)?.toISOString(), '2026-11-24T10:27:54.147Z', text)
  t.equal(readEventTime('2028-02-29T10:27:54Z')?.toISOString(), '2028-02-29T10:27:54.000Z')
  t.equal(readEventTime('2026-10-31T23:59:59Z')?.toISOString(), '2026-10-31T23:59:59.000Z')
  t.equal(readEventTime('2026-11-24T10:27:54+01:00')?.toISOString(), '2026-11-24T09:27:54.000Z')
})

t.test('what is not a time, or cannot be the time of an event, is ignored', async (t) => {
  const none = [
    '0.000000', '', 'yesterday', '2026-11-24', '2026-11-24T10:27:54', '2026-11-24 10:27:54Z', '2026-13-24T10:27:54Z',
    '2026-02-30T10:27:54Z', '2026-02-29T10:27:54Z', '2026-04-31T10:27:54Z', '2026-11-00T10:27:54Z', '2026-11-24T24:00:00Z',
    '2026-11-24T25:27:54Z', '2026-11-24T10:27:60Z', '2026-11-24T10:27:54+25:00', '2026-11-24T10:27:54+0100',
    '2026-11-24T10:27:54+24:00', '0001-01-01T00:00:00Z', '1970-01-01T00:00:00Z', 'Tue, 24 Nov 2026 10:27:54 GMT', 1795516101000, null, undefined, {},
  ]
  for (const text of none) t.equal(readEventTime(text), undefined, String(text))
})
