import { EventEmitter, once } from 'node:events'
import t, { type Test } from 'tap'
import type { Credentials } from '../../../store/credentials.js'
import { CredentialsUnavailable, ObjectStorageUnavailable } from '../../../store/failures.js'
import { SessionCredentials } from '../../../store/session-credentials.js'

/** Hands out sessions of a given length, unless told to fail, and emits an event whenever it is asked. */
class Giver extends EventEmitter<{ asked: [], failed: [] }> {
  lifeMs: number
  isFailing = false
  count = 0

  constructor (lifeMs: number) {
    super()
    this.lifeMs = lifeMs
  }

  fetch = async (): Promise<Credentials> => {
    this.emit('asked')
    if (this.isFailing) throw new Error('It fails.')
    this.count++
    return { accessKey: `session-${this.count}`, secretKey: 'secret', sessionToken: 'token', expiresAtMs: Date.now() + this.lifeMs }
  }
}

async function open (t: Pick<Test, 'teardown'>, giver: Giver): Promise<SessionCredentials> {
  const source = await SessionCredentials.open({ fetch: giver.fetch, onFailure: () => { giver.emit('failed') }, startTimeoutMs: 2_000 })
  // The renewal does not keep the process running, and nothing else does here.
  const running = setInterval(() => {}, 1_000)
  t.teardown(() => {
    clearInterval(running)
    source.close()
  })
  return source
}

t.test('a session is renewed before it ends, and kept as long as it is the same', async (t) => {
  const giver = new Giver(4_000)
  const source = await open(t, giver)
  const first = source.current
  t.equal(source.current, first)
  await once(giver, 'asked')
  t.equal(source.current, first, 'the old one stays in use while others are fetched')
  await once(giver, 'asked')
  t.equal(source.current.accessKey, 'session-2')
})

t.test('while no others can be obtained the old one is used until it expires, then requests fail at once, until there are others', async (t) => {
  const giver = new Giver(2_400)
  const source = await open(t, giver)
  const first = source.current
  giver.isFailing = true
  await once(giver, 'failed')
  t.equal(source.current, first)
  let error: unknown
  while (error === undefined) {
    await once(giver, 'failed')
    try {
      t.equal(source.current, first)
    } catch (thrown) {
      error = thrown
    }
  }
  t.ok(error instanceof ObjectStorageUnavailable)
  t.ok(Number(first.expiresAtMs) - Date.now() < 1_000, 'not before a URL could no longer be used')
  giver.isFailing = false
  await once(giver, 'asked')
  await new Promise(setImmediate)
  t.equal(source.current.accessKey, 'session-2')
})

t.test('a start that meets a failure tries again', async (t) => {
  const giver = new Giver(60_000)
  giver.isFailing = true
  giver.once('failed', () => { giver.isFailing = false })
  t.equal((await open(t, giver)).current.accessKey, 'session-1')
})

t.test('a start without credentials ends, whether they are refused, late or have ended', async (t) => {
  const refused = async () => { throw new Error('no') }
  const late = () => new Promise<Credentials>(() => {})
  const ended = async () => ({ accessKey: 'a', secretKey: 'b', expiresAtMs: Date.now() })
  for (const fetch of [refused, late, ended]) {
    await t.rejects(SessionCredentials.open({ fetch, onFailure: () => {}, startTimeoutMs: 100 }), CredentialsUnavailable)
  }
})
