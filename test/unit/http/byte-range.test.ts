import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import {
  contentRange, formatRange, isSameRange, type NamedRange, namedRange, type RangeSelection, readContentRange, selectRange,
} from '../../../http/byte-range.js'
import { codePoint } from '../../support/code-point.js'

const now = new Date('2024-05-01T12:00:00Z')
const validators = { entityTag: '"xyzzy"', lastModified: new Date('1994-10-29T19:43:31.500Z') }
const LAST_MODIFIED = 'Sat, 29 Oct 1994 19:43:31 GMT'

function select (range: string | undefined, sizeBytes: number, ifRange?: string, method = 'GET'): RangeSelection {
  return selectRange({ method, headers: { range, 'if-range': ifRange } }, { ...validators, sizeBytes }, now)
}

const rows: Array<[behaviour: string, range: string | undefined, sizeBytes: number, selection: RangeSelection]> = [
  ['no Range: the whole file', undefined, 10000, 'whole'],

  // RFC 9110, section 14.1.2, its examples for a file of 10,000 bytes
  ['the first 500 bytes', 'bytes=0-499', 10000, { first: 0, last: 499 }],
  ['the second 500 bytes', 'bytes=500-999', 10000, { first: 500, last: 999 }],
  ['the final 500 bytes, as a suffix', 'bytes=-500', 10000, { first: 9500, last: 9999 }],
  ['the final 500 bytes, as an open range', 'bytes=9500-', 10000, { first: 9500, last: 9999 }],
  ['the first and last bytes only: two ranges, so the whole file', 'bytes=0-0,-1', 10000, 'whole'],
  ['the first, middle and last 1000 bytes: the whole file', 'bytes= 0-999, 4500-5499, -1000', 10000, 'whole'],
  ['a second 500 bytes that overlap: the whole file', 'bytes=500-700,601-999', 10000, 'whole'],

  ['the first byte', 'bytes=0-0', 10, { first: 0, last: 0 }],
  ['the last byte', 'bytes=9-9', 10, { first: 9, last: 9 }],
  ['an open range of the whole file is still a range', 'bytes=0-', 10, { first: 0, last: 9 }],
  ['a range that ends past the end is cut to the file', 'bytes=5-10', 10, { first: 5, last: 9 }],
  ['a suffix as long as the file', 'bytes=-10', 10, { first: 0, last: 9 }],
  ['a suffix longer than the file is the whole file, as a range', 'bytes=-11', 10, { first: 0, last: 9 }],
  ['leading zeros count for nothing', 'bytes=0000000000000000000000002-03', 10, { first: 2, last: 3 }],

  ['a start at the end is unsatisfiable', 'bytes=10-', 10, 'unsatisfiable'],
  ['a start past the end is unsatisfiable', 'bytes=11-20', 10, 'unsatisfiable'],
  ['a suffix of no bytes is unsatisfiable', 'bytes=-0', 10, 'unsatisfiable'],
  ['several ranges past the end are unsatisfiable', 'bytes=10-,20-30,-0', 10, 'unsatisfiable'],
  ['in an empty file no position can be satisfied', 'bytes=0-', 0, 'unsatisfiable'],
  ['in an empty file the first byte is unsatisfiable', 'bytes=0-0', 0, 'unsatisfiable'],
  ['in an empty file a suffix of no bytes is unsatisfiable', 'bytes=-0', 0, 'unsatisfiable'],
  ['in an empty file a suffix is satisfied by the whole of it', 'bytes=-5', 0, 'whole'],

  ['of several ranges the only one inside the file is sent', 'bytes=10-,2-3,-0', 10, { first: 2, last: 3 }],
  ['the same range twice is several: the whole file', 'bytes=2-3,2-3', 10, 'whole'],
  ['empty elements and blanks are passed over', 'bytes=,\t2-3 , ,', 10, { first: 2, last: 3 }],

  ['the unit is read in any case', 'BYTES=2-3', 10, { first: 2, last: 3 }],
  ['an unknown unit is ignored', 'lines=2-3', 10, 'whole'],
  ['a unit that only starts alike is ignored', 'bytesy=2-3', 10, 'whole'],
  ['a unit that only ends alike is ignored', 'xbytes=2-3', 10, 'whole'],
  ['no unit is ignored', '2-3', 10, 'whole'],
  ['an empty value is ignored', '', 10, 'whole'],
  ['a unit alone is ignored', 'bytes', 10, 'whole'],
  ['an empty set is ignored', 'bytes=', 10, 'whole'],
  ['a set of empty elements is ignored', 'bytes= , ,', 10, 'whole'],
  ['a blank before the equals sign is ignored', 'bytes =2-3', 10, 'whole'],
  ['a blank inside a range is ignored', 'bytes=2 -3', 10, 'whole'],
  ['a dash alone is ignored', 'bytes=-', 10, 'whole'],
  ['a number alone is ignored', 'bytes=2', 10, 'whole'],
  ['two dashes are ignored', 'bytes=2--3', 10, 'whole'],
  ['three numbers are ignored', 'bytes=2-3-4', 10, 'whole'],
  ['a sign is ignored', 'bytes=+2-3', 10, 'whole'],
  ['a hexadecimal number is ignored', 'bytes=0x2-3', 10, 'whole'],
  ['a fraction is ignored', 'bytes=2.0-3', 10, 'whole'],
  ['digits of another script are ignored', 'bytes=\u0662-\u0663', 10, 'whole'],
  ['an end before the start is ignored', 'bytes=3-2', 10, 'whole'],
  ['an end before the start is ignored past the end too', 'bytes=30-20', 10, 'whole'],
  ['one malformed range among good ones makes all ignored', 'bytes=2-3,x', 10, 'whole'],
  ['two headers joined by a comma are ignored', 'bytes=2-3, bytes=4-5', 10, 'whole'],

  ['an end beyond 2^53 is cut to the file', 'bytes=2-9007199254740993', 10, { first: 2, last: 9 }],
  ['a start beyond 2^53 is unsatisfiable', 'bytes=9007199254740993-', 10, 'unsatisfiable'],
  ['a suffix beyond 2^53 is the whole file', 'bytes=-99999999999999999999', 10, { first: 0, last: 9 }],
  ['a thousand digits are still a number', `bytes=1-${'9'.repeat(1000)}`, 10, { first: 1, last: 9 }],
  ['beyond 2^53 an end one before the start is seen', 'bytes=9007199254740993-9007199254740992', 10, 'whole'],
  ['the last byte of the largest file', 'bytes=-1', Number.MAX_SAFE_INTEGER, { first: 9007199254740990, last: 9007199254740990 }],
]

for (const [behaviour, range, sizeBytes, selection] of rows) {
  t.test(`${behaviour}: ${range?.slice(0, 60) ?? 'absent'} of ${sizeBytes}`, async (t) => {
    t.same(select(range, sizeBytes), selection)
  })
}

for (const method of ['HEAD', 'POST', 'get']) {
  t.test(`Range is ignored for ${method}`, async (t) => {
    t.equal(select('bytes=0-0', 10, undefined, method), 'whole')
  })
}

const PART = { first: 2, last: 3 }
const ifRangeRows: Array<[behaviour: string, ifRange: string, selection: RangeSelection]> = [
  ['If-Range with the entity tag sends the range', '"xyzzy"', PART],
  ['If-Range with another entity tag sends the whole file', '"r2d2xxxx"', 'whole'],
  ['If-Range with a weak entity tag sends the whole file', 'W/"xyzzy"', 'whole'],
  ['If-Range with the entity tag unquoted sends the whole file', 'xyzzy', 'whole'],
  ['If-Range with a list sends the whole file', '"xyzzy", "xyzzy"', 'whole'],
  ['If-Range with * sends the whole file', '*', 'whole'],
  ['If-Range without a value sends the whole file', '', 'whole'],
  ['If-Range with the date of Last-Modified sends the range', LAST_MODIFIED, PART],
  ['If-Range with that date in the form of RFC 850 sends the range', 'Saturday, 29-Oct-94 19:43:31 GMT', PART],
  ['If-Range with an earlier date sends the whole file', 'Sat, 29 Oct 1994 19:43:30 GMT', 'whole'],
  ['If-Range with a later date sends the whole file', 'Sat, 29 Oct 1994 19:43:32 GMT', 'whole'],
]

for (const [behaviour, ifRange, selection] of ifRangeRows) {
  t.test(behaviour, async (t) => {
    t.same(select('bytes=2-3', 10, ifRange), selection)
  })
}

t.test('If-Range without a Range changes nothing', async (t) => {
  t.equal(select(undefined, 10, '"r2d2xxxx"'), 'whole')
})

t.test('If-Range that does not match hides a range that could not be satisfied', async (t) => {
  t.equal(select('bytes=10-', 10, '"r2d2xxxx"'), 'whole')
  t.equal(select('bytes=10-', 10, '"xyzzy"'), 'unsatisfiable')
})

t.test('If-Range with a weak tag sends the whole file even where the store\'s own tag is weak', async (t) => {
  const file = { ...validators, entityTag: 'W/"xyzzy"', sizeBytes: 10 }
  t.equal(selectRange({ method: 'GET', headers: { range: 'bytes=2-3', 'if-range': 'W/"xyzzy"' } }, file, now), 'whole')
})

t.test('a date in If-Range is not a strong validator before its second is over', async (t) => {
  const request = { method: 'GET', headers: { range: 'bytes=2-3', 'if-range': LAST_MODIFIED } }
  const file = { ...validators, sizeBytes: 10 }
  t.equal(selectRange(request, file, new Date('1994-10-29T19:43:31.999Z')), 'whole')
  t.same(selectRange(request, file, new Date('1994-10-29T19:43:32.000Z')), PART)
})

t.test('Content-Range of a range and of an unsatisfiable one', async (t) => {
  // RFC 9110, section 14.4
  t.equal(contentRange({ first: 42, last: 1233 }, 1234), 'bytes 42-1233/1234')
  t.equal(contentRange('unsatisfiable', 1234), 'bytes */1234')
  t.equal(contentRange('unsatisfiable', 0), 'bytes */0')
})

const namedRows: Array<[range: string | undefined, named: NamedRange | 'whole' | 'undecided']> = [
  [undefined, 'whole'], ['lines=2-3', 'whole'], ['bytes=3-2', 'whole'], ['bytes=2-3,x', 'whole'],
  ['Bytes=2-3', { first: 2, last: 3 }], ['bytes=, 2-, ', { first: 2, last: undefined }], ['bytes=-5', { suffixLength: 5 }],
  ['bytes=0002-03', { first: 2, last: 3 }], ['bytes=999999999999999-', { first: 999_999_999_999_999, last: undefined }],
  ['bytes=2-3,4-5', 'undecided'], ['bytes=-0', 'undecided'], ['bytes=1000000000000000-', 'undecided'],
  ['bytes=1-1000000000000000', 'undecided'], ['bytes=-1000000000000000', 'undecided'],
]

for (const [range, named] of namedRows) {
  t.test(`of a file that nobody has looked at, ${range ?? 'no Range'} asks for ${JSON.stringify(named)}`, async (t) => {
    t.strictSame(namedRange({ method: 'GET', headers: { range } }), named)
    t.equal(namedRange({ method: 'HEAD', headers: { range } }), 'whole')
  })
}

t.test('a range is written as it is asked for', async (t) => {
  t.strictSame([{ first: 2, last: 3 }, { first: 2 }, { suffixLength: 5 }].map(formatRange), ['bytes=2-3', 'bytes=2-', 'bytes=-5'])
})

t.test('Content-Range is read where it is of bytes, and of a known length', async (t) => {
  t.strictSame(readContentRange('bytes 42-1233/1234'), { first: 42, last: 1233 })
  for (const other of ['', 'bytes */1234', 'bytes 42-1233/*', 'lines 1-2/3', 'bytes 42-/1234', ' bytes 1-2/3', 'bytes 1-2/3 ']) {
    t.equal(readContentRange(other), undefined, other)
  }
})

t.test('two ranges are the same where both ends are; the whole file is no range', async (t) => {
  t.ok(isSameRange(undefined, undefined))
  t.ok(isSameRange({ first: 0, last: 9 }, { first: 0, last: 9 }))
  for (const other of [undefined, { first: 1, last: 9 }, { first: 0, last: 8 }]) {
    t.notOk(isSameRange({ first: 0, last: 9 }, other))
    t.notOk(isSameRange(other, { first: 0, last: 9 }))
  }
})

const sizeBytes = fc.oneof(fc.nat(50), fc.maxSafeNat())
const position = fc.oneof(fc.nat(60).map(String), fc.bigInt({ min: 0n, max: 1n << 70n }).map(String), fc.constant(''))
const plausible = fc.array(fc.tuple(position, position).map(([first, last]) => `${first}-${last}`), { minLength: 1, maxLength: 3 })
  .map((ranges) => `bytes=${ranges.join(', ')}`)
const hostile = fc.string({ unit: fc.constantFrom('b', '0', '9', '-', ',', ' ', '\t', '=', 'x') }).map((text) => `bytes=${text}`)
const header = fc.oneof(plausible, hostile, fc.string({ unit: codePoint }))

t.test('no Range makes the choice throw, and what is chosen lies inside the file', async () => {
  fc.assert(fc.property(header, sizeBytes, (range, sizeBytes) => {
    const selection = select(range, sizeBytes)
    if (selection === 'whole' || selection === 'unsatisfiable') return true
    const { first, last } = selection
    return Number.isSafeInteger(first) && Number.isSafeInteger(last) && first >= 0 && first <= last && last < sizeBytes
  }), { numRuns: 2000 })
})

t.test('one range from a position is cut to the file, whatever the numbers', async () => {
  const any = fc.bigInt({ min: 0n, max: 1n << 70n })
  fc.assert(fc.property(any, any, sizeBytes, (one, other, sizeBytes) => {
    const [first, last] = one <= other ? [one, other] : [other, one]
    const size = BigInt(sizeBytes)
    assert.deepEqual(select(`bytes=${first}-${last}`, sizeBytes), first >= size
      ? 'unsatisfiable'
      : { first: Number(first), last: Number(last < size ? last : size - 1n) })
  }))
})

t.test('what is asked of an unknown file is what is chosen of the known one', async () => {
  fc.assert(fc.property(header, sizeBytes, (range, sizeBytes) => {
    const named = namedRange({ method: 'GET', headers: { range } })
    if (named === 'undecided') return
    assert.deepEqual(select(range, sizeBytes), named === 'whole' ? 'whole' : select(formatRange(named), sizeBytes))
  }), { numRuns: 2000 })
})

t.test('no If-Range makes the choice throw', async () => {
  fc.assert(fc.property(fc.string({ unit: codePoint }), (ifRange) => select('bytes=2-3', 10, ifRange) === 'whole'))
})
