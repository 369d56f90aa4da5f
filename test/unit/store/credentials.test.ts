import t from 'tap'
import { stopClock } from '../../support/clock.js'
import { type Credentials, areSameCredentials, urlLifeFromNow, usableSeconds } from '../../../store/credentials.js'

const endless: Credentials = { accessKey: 'access', secretKey: 'secret' }
const signedAt = new Date(Date.UTC(2026, 0, 1))
const endingIn = (leftMs: number): Credentials => ({ ...endless, sessionToken: 'token', expiresAtMs: signedAt.getTime() + leftMs })
const ended = {
  name: 'ObjectStorageUnavailable', message: 'The credentials for the object storage have ended.', retryAfterSeconds: 1,
}

t.test('credentials are the same where all of them is', async (t) => {
  const session = endingIn(1_000)
  t.equal(areSameCredentials(session, { ...session }), true)
  t.equal(areSameCredentials(endless, { ...endless, sessionToken: undefined, expiresAtMs: undefined }), true)
  for (const change of [{ accessKey: 'x' }, { secretKey: 'x' }, { sessionToken: 'x' }, { sessionToken: undefined }, { expiresAtMs: 1 }]) {
    t.equal(areSameCredentials(session, { ...session, ...change }), false, JSON.stringify(change))
  }
})

t.test('a URL is usable for as long as wanted, in whole seconds and not beyond its credentials', async (t) => {
  t.equal(usableSeconds(endless, signedAt, 300), 300)
  for (const [leftMs, seconds] of [[1_000, 1], [1_999, 1], [299_999, 299], [300_000, 300], [900_000, 300]] as const) {
    t.equal(usableSeconds(endingIn(leftMs), signedAt, 300), seconds)
  }
  for (const leftMs of [999, 0, -1_000]) t.throws(() => usableSeconds(endingIn(leftMs), signedAt, 300), ended)
})

t.test('a URL that is signed now does not end before it says', async (t) => {
  stopClock(t, signedAt.getTime() + 999)
  const expiresAt = new Date(signedAt.getTime() + 300_000)
  t.strictSame(urlLifeFromNow(endless, 300), { signedAt, expiresInSeconds: 300, expiresAt })
  t.match(urlLifeFromNow(endingIn(20_500), 300), { expiresInSeconds: 20, expiresAt: new Date(signedAt.getTime() + 20_000) })
  t.throws(() => urlLifeFromNow(endingIn(500), 300), ended)
})
