import fc from 'fast-check'
import t from 'tap'
import { readBearerToken } from '../../../identity/bearer-token.js'
import { TokenRefusedError } from '../../../identity/token-refusal.js'

const characters = [...'ABCXYZabcxyz0189._~+/-']

t.test('a token is read as it was sent, whatever the case of the scheme and the blanks behind it', async () => {
  const token = fc.tuple(fc.string({ unit: fc.constantFrom(...characters), minLength: 1 }), fc.constantFrom('', '=', '=='))
    .map((parts) => parts.join(''))
  fc.assert(fc.property(token, fc.constantFrom('Bearer', 'bearer', 'BEARER'), fc.constantFrom(' ', '   '), (sent, scheme, blanks) =>
    readBearerToken([`${scheme}${blanks}${sent}`]) === sent))
})

t.test('where no header was sent, or an empty one, there is no token', async (t) => {
  for (const sent of [[], [''], ['', 'Bearer a']]) t.equal(readBearerToken(sent), undefined)
})

t.test('several headers are refused, even of one token', async (t) => {
  for (const sent of [['Bearer a', 'Bearer a'], ['Bearer a', ''], ['Basic a', 'Bearer a']]) {
    t.throws(() => readBearerToken(sent), new TokenRefusedError('there are several Authorization headers'))
  }
})

t.test('what is not one token of the scheme is refused', async (t) => {
  for (const sent of [
    'Bearer', 'Bearer ', 'Bearera', 'Basic a', 'a', 'Bearer a b', 'Bearer a,Bearer b', 'Bearer a ', ' Bearer a', 'Bearer\ta', 'Bearer =', 'Bearer a=b',
    'Bearer "a"', 'Bearer a\n', 'xBearer a', 'Bearer ä', 'Bearer a;b', 'Bearer a%20b',
  ]) t.throws(() => readBearerToken([sent]), { name: 'TokenRefusedError', message: 'it is malformed' }, JSON.stringify(sent))
})
