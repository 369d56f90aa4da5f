import t from 'tap'
import { dayInWords, durationInWords, exactSize, fileCountInWords, humanSize, share, shortDay } from '../../../../page/text/figures.js'

const plain = (text: string) => text.replaceAll('\u00a0', ' ')

t.test('a size is told in the unit that suits it, to three digits', async (t) => {
  for (const [sizeBytes, told] of [
    [0, '0 B'],
    [1, '1 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [1005, '1.01 kB'],
    [48_213, '48.2 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [1_500_000, '1.50 MB'],
    [812_345_678_901, '812 GB'],
    [4_000_000_000_000, '4.00 TB'],
    [Number.MAX_SAFE_INTEGER, '9.01 PB'],
  ] as const) t.equal(plain(humanSize(sizeBytes)), told, `${sizeBytes}`)
})

t.test('a size is told to the byte', async (t) => {
  t.equal(plain(exactSize(0)), '0 bytes')
  t.equal(plain(exactSize(1)), '1 byte')
  t.equal(plain(exactSize(Number.MAX_SAFE_INTEGER)), '9,007,199,254,740,991 bytes')
})

t.test('files are counted in words', async (t) => {
  t.equal(plain(fileCountInWords(1)), '1 file')
  t.equal(plain(fileCountInWords(12_345)), '12,345 files')
})

t.test('a share is a percentage, and what is there is never nothing', async (t) => {
  for (const [part, whole, told] of [
    [0, 0, '0%'],
    [0, 5, '0%'],
    [1, 3, '33.3%'],
    [3, 3, '100%'],
    [1, Number.MAX_SAFE_INTEGER, '<0.1%'],
  ] as const) t.equal(share(part, whole), told)
})

t.test('a day is that of UTC', async (t) => {
  t.equal(dayInWords('2026-01-31'), '31 Jan 2026')
  t.equal(shortDay(Date.parse('2026-01-31')), '31 Jan')
})

t.test('how long something took is told in words, rounded down', async (t) => {
  const [minute, hour, day] = [60_000, 3_600_000, 86_400_000]
  for (const [durationMs, told] of [
    [minute, '1 minute'],
    [2 * hour - 1, '119 minutes'],
    [2 * hour, '2 hours'],
    [2 * day - 1, '47 hours'],
    [2 * day, '2 days'],
    [1500 * day, '1,500 days'],
  ] as const) t.equal(plain(durationInWords(durationMs)), told)
})
