import t from 'tap'
import { checkRegisteredClaims } from '../../../identity/registered-claims.js'
import { TokenRefusedError } from '../../../identity/token-refusal.js'

const now = Date.UTC(2026, 0, 1)
const seconds = now / 1000
const expected = { issuer: 'https://id.example.com/', audience: 'files', clockToleranceMs: 5_000 }
const valid = { iss: expected.issuer, aud: 'files', exp: seconds + 60, nbf: seconds - 60 }

const refused: Array<[what: string, change: Record<string, unknown>, message: string]> = [
  ['another issuer', { iss: 'https://id.example.com' }, 'it is of another issuer'],
  ['an issuer that begins like it', { iss: `${expected.issuer}tenant` }, 'it is of another issuer'],
  ['an issuer that ends like it', { iss: `https://evil.example/${expected.issuer}` }, 'it is of another issuer'],
  ['no issuer', { iss: undefined }, 'its claim iss is missing or has the wrong form'],
  ['issuers in an array', { iss: [expected.issuer] }, 'its claim iss is missing or has the wrong form'],
  ['another audience', { aud: 'Files' }, 'it is for another audience'],
  ['audiences that hold its name', { aud: ['files-admin', 'my files'] }, 'it is for another audience'],
  ['a part of its name', { aud: ['file', 'iles', ''] }, 'it is for another audience'],
  ['other audiences', { aud: ['a', 'b'] }, 'it is for another audience'],
  ['nobody as its audience', { aud: [] }, 'it is for another audience'],
  ['no audience', { aud: undefined }, 'its claim aud is missing or has the wrong form'],
  ['an audience beside a number', { aud: ['files', 7] }, 'its claim aud is missing or has the wrong form'],
  ['no exp', { exp: undefined }, 'its claim exp is missing or has the wrong form'],
  ['exp as text', { exp: String(seconds + 60) }, 'its claim exp is missing or has the wrong form'],
  ['an exp that passed before the tolerance', { exp: seconds - 5.001 }, 'it has expired'],
  ['nbf as text', { nbf: '0' }, 'its claim nbf is missing or has the wrong form'],
  ['a null nbf', { nbf: null }, 'its claim nbf is missing or has the wrong form'],
  ['an nbf beyond the tolerance', { nbf: seconds + 5.001 }, 'it is not valid yet'],
]
for (const [what, change, message] of refused) {
  t.test(`a token with ${what} is refused, and says why`, async (t) => {
    t.throws(() => checkRegisteredClaims({ ...valid, ...change }, expected, now), new TokenRefusedError(message))
  })
}

t.test('a token within all bounds passes', async (t) => {
  for (const change of [{}, { aud: ['others', 'files'] }, { nbf: undefined }, { nbf: seconds + 5 }, { exp: seconds - 5 }]) {
    t.doesNotThrow(() => checkRegisteredClaims({ ...valid, ...change }, expected, now))
  }
})

t.test('without an issuer and an audience to compare, a token may name any', async (t) => {
  for (const claims of [{ exp: seconds }, { exp: seconds, iss: 7, aud: {} }]) {
    t.doesNotThrow(() => checkRegisteredClaims(claims, { issuer: undefined, audience: undefined, clockToleranceMs: 0 }, now))
  }
})
