import fc from 'fast-check'
import t from 'tap'
import { formatHttpDate, parseHttpDate } from '../../../http/http-date.js'
import { codePoint } from '../../support/code-point.js'

const now = new Date('2024-05-01T12:00:00Z')

// RFC 9110, section 5.6.7: the three forms of its example, one instant.
for (const text of ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994']) {
  t.test(`"${text}" is read`, async (t) => {
    t.equal(parseHttpDate(text, now)?.toISOString(), '1994-11-06T08:49:37.000Z')
  })
}

t.test('a day of two digits is read in the form of asctime', async (t) => {
  t.equal(parseHttpDate('Wed Nov 16 08:49:37 1994', now)?.toISOString(), '1994-11-16T08:49:37.000Z')
})

t.test('a leap second is the first second of the next minute', async (t) => {
  t.equal(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT', now)?.toISOString(), '2017-01-01T00:00:00.000Z')
})

t.test('29 February is read in a leap year', async (t) => {
  t.equal(parseHttpDate('Thu, 29 Feb 2024 00:00:00 GMT', now)?.toISOString(), '2024-02-29T00:00:00.000Z')
})

t.test('a weekday that is not that of the date is passed over', async (t) => {
  t.equal(parseHttpDate('Mon, 06 Nov 1994 08:49:37 GMT', now)?.toISOString(), '1994-11-06T08:49:37.000Z')
})

t.test('a two-digit year lies at most 50 years in the future', async (t) => {
  t.equal(parseHttpDate('Wednesday, 01-May-74 12:00:00 GMT', now)?.toISOString(), '2074-05-01T12:00:00.000Z')
  t.equal(parseHttpDate('Wednesday, 01-May-74 12:00:01 GMT', now)?.toISOString(), '1974-05-01T12:00:01.000Z')
  t.equal(parseHttpDate('Saturday, 06-Nov-99 08:49:37 GMT', now)?.toISOString(), '1999-11-06T08:49:37.000Z')
})

for (const text of [
  '',
  'yesterday',
  '784111777',
  '1994-11-06T08:49:37Z',
  'Sun, 6 Nov 1994 08:49:37 GMT',
  'Sun, 06 Nov 94 08:49:37 GMT',
  'Sun, 06 Nov 1994 08:49:37 UTC',
  'Sun, 06 Nov 1994 08:49:37 +0000',
  'Sun, 06 Nov 1994 08:49:37',
  'Sun, 06 Nov 1994 08:49 GMT',
  'sun, 06 nov 1994 08:49:37 gmt',
  'Xyz, 06 Nov 1994 08:49:37 GMT',
  'Sun, 06 Foo 1994 08:49:37 GMT',
  'Sun, 00 Nov 1994 08:49:37 GMT',
  'Sun, 31 Nov 1994 08:49:37 GMT',
  'Wed, 29 Feb 2023 08:49:37 GMT',
  'Sun, 06 Nov 1994 24:00:00 GMT',
  'Sun, 06 Nov 1994 08:60:00 GMT',
  'Sun, 06 Nov 1994 08:49:61 GMT',
  'Sun, 06 Nov 0094 08:49:37 GMT',
  'Sunday, 31-Nov-94 08:49:37 GMT',
  'Sunday, 06-Nov-1994 08:49:37 GMT',
  'Sunday, 06-Nov-94 08:49:37 GMT+1',
  'A Sunday, 06-Nov-94 08:49:37 GMT',
  'Sun Nov 6 08:49:37 1994',
  'Sun Nov  6 08:49:37 1994 GMT',
  'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
]) {
  t.test(`"${text}" is not a date`, async (t) => {
    t.equal(parseHttpDate(text, now), undefined)
  })
}

t.test('a date is written as an IMF-fixdate, parts of a second cut off', async (t) => {
  t.equal(formatHttpDate(new Date('1994-11-06T08:49:37.999Z')), 'Sun, 06 Nov 1994 08:49:37 GMT')
})

t.test('the first and the last year of four digits are written', async (t) => {
  t.equal(formatHttpDate(new Date('0000-01-01T00:00:00Z')), 'Sat, 01 Jan 0000 00:00:00 GMT')
  t.equal(formatHttpDate(new Date('9999-12-31T23:59:59Z')), 'Fri, 31 Dec 9999 23:59:59 GMT')
})

t.test('a date that no header can hold is not written', async (t) => {
  t.throws(() => formatHttpDate(new Date(NaN)), RangeError)
  t.throws(() => formatHttpDate(new Date('+010000-01-01T00:00:00Z')), RangeError)
  t.throws(() => formatHttpDate(new Date('-000001-12-31T00:00:00Z')), RangeError)
})

t.test('every date is read back as written, to the second', async () => {
  fc.assert(fc.property(
    fc.date({ min: new Date('0100-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
    (date) => parseHttpDate(formatHttpDate(date), now)?.getTime() === Math.floor(date.getTime() / 1000) * 1000,
  ))
})

t.test('no text makes the reader throw', async () => {
  fc.assert(fc.property(fc.string({ unit: codePoint }), (text) => { parseHttpDate(text, now) }))
})
