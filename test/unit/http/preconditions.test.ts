import fc from 'fast-check'
import t from 'tap'
import { type ConditionalRequest, evaluatePreconditions, isConditional, mayHaveFile, type PreconditionOutcome } from '../../../http/preconditions.js'
import { codePoint } from '../../support/code-point.js'

const now = new Date('2024-05-01T12:00:00Z')
// S3 keeps milliseconds, which Last-Modified does not show.
const file = { entityTag: '"xyzzy"', lastModified: new Date('1994-10-29T19:43:31.500Z') }

const EQUAL = 'Sat, 29 Oct 1994 19:43:31 GMT'
const EARLIER = 'Sat, 29 Oct 1994 19:43:30 GMT'
const LATER = 'Sat, 29 Oct 1994 19:43:32 GMT'

type Row = [behaviour: string, method: string, headers: ConditionalRequest['headers'], outcome: PreconditionOutcome]

const rows: Row[] = [
  ['a request without preconditions proceeds', 'GET', {}, 'proceed'],

  ['If-Match with the tag proceeds', 'GET', { 'if-match': '"xyzzy"' }, 'proceed'],
  ['If-Match with the tag in a list proceeds', 'GET', { 'if-match': '"r2d2xxxx", "xyzzy"' }, 'proceed'],
  ['If-Match * proceeds, as the file exists', 'GET', { 'if-match': '*' }, 'proceed'],
  ['If-Match with another tag fails', 'GET', { 'if-match': '"r2d2xxxx"' }, 'precondition-failed'],
  ['If-Match with the tag made weak fails', 'GET', { 'if-match': 'W/"xyzzy"' }, 'precondition-failed'],
  ['If-Match without quotes fails', 'GET', { 'if-match': 'xyzzy' }, 'precondition-failed'],
  ['If-Match without a tag fails', 'GET', { 'if-match': '' }, 'precondition-failed'],
  ['If-Match that breaks off fails, in spite of the tag before', 'GET', { 'if-match': '"xyzzy", "' }, 'precondition-failed'],
  ['If-Match holds for other methods', 'DELETE', { 'if-match': '"r2d2xxxx"' }, 'precondition-failed'],

  ['If-Unmodified-Since a later date proceeds', 'GET', { 'if-unmodified-since': LATER }, 'proceed'],
  ['If-Unmodified-Since Last-Modified itself proceeds', 'GET', { 'if-unmodified-since': EQUAL }, 'proceed'],
  ['If-Unmodified-Since an earlier date fails', 'GET', { 'if-unmodified-since': EARLIER }, 'precondition-failed'],
  ['If-Unmodified-Since holds for other methods', 'DELETE', { 'if-unmodified-since': EARLIER }, 'precondition-failed'],
  ['If-Unmodified-Since that is not a date is ignored', 'GET', { 'if-unmodified-since': '1994' }, 'proceed'],
  ['If-Match true makes If-Unmodified-Since ignored', 'GET', { 'if-match': '"xyzzy"', 'if-unmodified-since': EARLIER }, 'proceed'],
  ['If-Match false fails whatever If-Unmodified-Since says', 'GET', { 'if-match': '"a"', 'if-unmodified-since': LATER },
    'precondition-failed'],

  ['If-None-Match with the tag is not modified', 'GET', { 'if-none-match': '"xyzzy"' }, 'not-modified'],
  ['If-None-Match with the tag is not modified for HEAD', 'HEAD', { 'if-none-match': '"xyzzy"' }, 'not-modified'],
  ['If-None-Match with the tag made weak is not modified', 'GET', { 'if-none-match': 'W/"xyzzy"' }, 'not-modified'],
  ['If-None-Match with the tag in a list is not modified', 'GET', { 'if-none-match': 'W/"a", W/"xyzzy", "c,d"' }, 'not-modified'],
  ['If-None-Match * is not modified, as the file exists', 'GET', { 'if-none-match': '*' }, 'not-modified'],
  ['If-None-Match with other tags proceeds', 'GET', { 'if-none-match': '"r2d2xxxx", "c3piozzzz"' }, 'proceed'],
  ['If-None-Match without quotes proceeds', 'GET', { 'if-none-match': 'xyzzy' }, 'proceed'],
  ['If-None-Match with the tag fails for other methods', 'PUT', { 'if-none-match': '"xyzzy"' }, 'precondition-failed'],
  ['If-None-Match * fails for other methods', 'PUT', { 'if-none-match': '*' }, 'precondition-failed'],

  ['If-Modified-Since an earlier date proceeds', 'GET', { 'if-modified-since': EARLIER }, 'proceed'],
  ['If-Modified-Since Last-Modified itself is not modified', 'GET', { 'if-modified-since': EQUAL }, 'not-modified'],
  ['If-Modified-Since a later date is not modified', 'GET', { 'if-modified-since': LATER }, 'not-modified'],
  ['If-Modified-Since counts for HEAD', 'HEAD', { 'if-modified-since': EQUAL }, 'not-modified'],
  ['If-Modified-Since is read in the form of RFC 850', 'GET', { 'if-modified-since': 'Saturday, 29-Oct-94 19:43:31 GMT' }, 'not-modified'],
  ['If-Modified-Since is read in the form of asctime', 'GET', { 'if-modified-since': 'Sat Oct 29 19:43:31 1994' }, 'not-modified'],
  ['If-Modified-Since that is not a date is ignored', 'GET', { 'if-modified-since': 'Sat, 29 Oct 1994' }, 'proceed'],
  ['If-Modified-Since is ignored for other methods', 'DELETE', { 'if-modified-since': LATER }, 'proceed'],
  ['If-None-Match true makes If-Modified-Since ignored', 'GET', { 'if-none-match': '"a"', 'if-modified-since': LATER }, 'proceed'],
  ['If-None-Match false holds whatever If-Modified-Since says', 'GET', { 'if-none-match': '"xyzzy"', 'if-modified-since': EARLIER },
    'not-modified'],
  ['a malformed If-None-Match makes If-Modified-Since ignored too', 'GET', { 'if-none-match': '"', 'if-modified-since': LATER }, 'proceed'],

  ['If-Match false comes before If-None-Match', 'GET', { 'if-match': '"a"', 'if-none-match': '"xyzzy"' }, 'precondition-failed'],
  ['If-Match true leaves If-None-Match to decide', 'GET', { 'if-match': '"xyzzy"', 'if-none-match': '"xyzzy"' }, 'not-modified'],
  ['If-Match true leaves If-Modified-Since to decide', 'GET', { 'if-match': '*', 'if-modified-since': EQUAL }, 'not-modified'],
  ['If-Unmodified-Since comes before If-Modified-Since', 'GET', { 'if-unmodified-since': EARLIER, 'if-modified-since': LATER },
    'precondition-failed'],
]

for (const [behaviour, method, headers, outcome] of rows) {
  t.test(behaviour, async (t) => {
    t.equal(evaluatePreconditions({ method, headers }, file, now), outcome)
  })
}

t.test('a request with any one of the preconditions is conditional, and no other', async (t) => {
  for (const name of ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since']) {
    t.equal(isConditional({ method: 'GET', headers: { [name]: '' } }), true, name)
  }
  t.equal(isConditional({ method: 'GET', headers: {} }), false)
  t.equal(isConditional({ method: 'GET', headers: { 'if-match': undefined, ...{ 'if-range': '"a"', range: 'bytes=0-' } } }), false)
})

t.test('304 comes only of a request that may have the file', async () => {
  const headers = fc.record({
    'if-match': fc.constantFrom(undefined, '"xyzzy"', '*'),
    'if-none-match': fc.constantFrom(undefined, '"xyzzy"', '*', ''),
    'if-modified-since': fc.constantFrom(undefined, EQUAL, EARLIER),
    'if-unmodified-since': fc.constantFrom(undefined, EQUAL, LATER),
  })
  fc.assert(fc.property(headers, (headers) => {
    const request = { method: 'GET', headers }
    return mayHaveFile(request) || evaluatePreconditions(request, file, now) !== 'not-modified'
  }))
})

t.test('no header makes the evaluation throw', async () => {
  const value = fc.option(fc.oneof(fc.string({ unit: codePoint }), fc.constantFrom(EQUAL, EARLIER, LATER, '*', '"xyzzy"')), { nil: undefined })
  const headers = fc.record({
    'if-match': value, 'if-none-match': value, 'if-modified-since': value, 'if-unmodified-since': value,
  })
  fc.assert(fc.property(fc.constantFrom('GET', 'HEAD', 'PUT'), headers, (method, headers) => {
    const outcome = evaluatePreconditions({ method, headers }, file, now)
    return outcome !== 'not-modified' || method !== 'PUT'
  }))
})
