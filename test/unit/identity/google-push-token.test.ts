import t from 'tap'
import { GOOGLE_ALGORITHM, GOOGLE_ISSUERS, checkPushAccount } from '../../../identity/google-push-token.js'
import { TokenRefusedError } from '../../../identity/token-refusal.js'

const account = 'push@project.iam.gserviceaccount.com'

t.test('a token of the account, whose address Google has verified, passes', async (t) => {
  t.doesNotThrow(() => { checkPushAccount({ email: account, email_verified: true, sub: '1' }, account) })
})

t.test('one of another account, or of none, is refused', async (t) => {
  for (const email of [undefined, null, '', 'other@project.iam.gserviceaccount.com', account.toUpperCase(), ` ${account}`, [account], { 0: account }]) {
    t.throws(() => { checkPushAccount({ email, email_verified: true }, account) }, new TokenRefusedError('it is of another account'))
  }
})

t.test('one whose address is not verified is refused, and so is a claim that only looks like it', async (t) => {
  for (const verified of [undefined, null, false, 'true', 1, [true], {}]) {
    t.throws(() => { checkPushAccount({ email: account, email_verified: verified }, account) },
      new TokenRefusedError('its claim email_verified is missing or has the wrong form'))
  }
})

t.test('what the token only inherits does not count', async (t) => {
  t.throws(() => { checkPushAccount(Object.create({ email: account, email_verified: true }), account) }, TokenRefusedError)
})

t.test('Google has two names and signs by one algorithm', async (t) => {
  t.strictSame([...GOOGLE_ISSUERS, GOOGLE_ALGORITHM], ['https://accounts.google.com', 'accounts.google.com', 'RS256'])
})
