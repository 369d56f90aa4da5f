import t, { type Test } from 'tap'
import { RemoteKeySet, type RemoteKeySetOptions } from '../../../identity/remote-key-set.js'
import { stopClock } from '../../support/clock.js'
import { startForwardProxy } from '../../support/forward-proxy.js'
import { makeKey, startIssuer } from '../../support/issuer.js'

const [first, second] = [makeKey('ES256', 'first'), makeKey('ES256', 'second')]
const wanted = (keyId: string) => ({ algorithm: 'ES256', keyId })
const idsOf = (keys: ReadonlyArray<{ keyId: string | undefined }> | undefined) => keys?.map(({ keyId }) => keyId)

/** The keys of an issuer, and the failures that were reported. */
async function startSet (t: Test, options: Omit<RemoteKeySetOptions, 'onFailure'> = {}) {
  const issuer = await startIssuer(t)
  issuer.publish(first.jwk)
  const failures: Error[] = []
  const set = new RemoteKeySet(issuer.url, { ...options, onFailure: (error) => { failures.push(error) } })
  t.teardown(() => set.close())
  return { issuer, set, failures }
}

t.test('a key that is known has nobody asked, and one that is not has the issuer asked for JSON', async (t) => {
  const { issuer, set } = await startSet(t)
  let accepted: string | undefined
  issuer.behave((response) => {
    accepted = response.req.headers.accept
    response.end(JSON.stringify({ keys: [first.jwk] }))
  })
  t.strictSame(set.keys, [])
  for (let time = 0; time < 3; time++) t.strictSame(idsOf(await set.find(wanted('first'))), ['first'])
  t.equal(issuer.requests(), 1)
  t.equal(accepted, 'application/json')
})

t.test('an unknown key has the issuer asked again once ten seconds have passed', async (t) => {
  const setTime = stopClock(t)
  const { issuer, set } = await startSet(t)
  await set.refresh()
  issuer.publish(second.jwk)
  for (const elapsedMs of [0, 9_999]) {
    setTime(elapsedMs)
    t.strictSame(await set.find(wanted('second')), [])
  }
  t.equal(issuer.requests(), 1)
  setTime(10_000)
  t.strictSame(idsOf(await set.find(wanted('second'))), ['second'])
  t.strictSame(await set.find(wanted('first')), [], 'it was withdrawn')
  setTime(60_000)
  t.strictSame(idsOf(await set.find(wanted('second'))), ['second'], 'one that is known has nobody asked')
  t.equal(issuer.requests(), 2)
})

t.test('an issuer that fails is left alone for five seconds, and its keys stay', async (t) => {
  const setTime = stopClock(t)
  const { issuer, set, failures } = await startSet(t)
  await set.refresh()
  issuer.behave((response) => { response.writeHead(500).end(JSON.stringify({ keys: [second.jwk] })) })
  setTime(10_000)
  t.equal(await set.find(wanted('second')), undefined)
  t.strictSame(idsOf(await set.find(wanted('first'))), ['first'])
  t.match(failures, [{ message: 'The issuer\'s key set cannot be fetched.', cause: { message: 'The issuer answers with status 500.' } }])
  issuer.publish(second.jwk)
  setTime(14_999)
  t.equal(await set.isUp(), false)
  t.equal(await set.find(wanted('second')), undefined)
  t.equal(issuer.requests(), 2)
  setTime(15_000)
  t.equal(await set.isUp(), true)
  t.strictSame(idsOf(await set.find(wanted('second'))), ['second'])
  t.equal(issuer.requests(), 3)
})

t.test('whether it is up is known from the last fetch, and waits for the first', async (t) => {
  const { issuer, set } = await startSet(t)
  t.equal(await set.isUp(), false)
  t.equal(issuer.requests(), 0)
  const fetched = set.refresh()
  t.equal(await set.isUp(), true)
  await fetched
  t.equal(await set.isUp(), true)
  t.equal(issuer.requests(), 1)
})

t.test('those who ask at once have one fetch, and those who ask later another', async (t) => {
  stopClock(t)
  const { issuer, set } = await startSet(t)
  const answers = await Promise.all([set.find(wanted('first')), set.refresh(), set.find(wanted('first')), set.find(wanted('second'))])
  t.strictSame([answers[0], answers[2], answers[3]].map(idsOf), [['first'], ['first'], []])
  t.equal(issuer.requests(), 1)
  const begun = set.refresh()
  issuer.publish(first.jwk, second.jwk)
  t.strictSame(idsOf(await set.find(wanted('second'))), ['second'], 'a fetch that has begun is awaited')
  await begun
  t.equal(issuer.requests(), 2)
})

t.test('a set without a key that verifies is told, and leaves nothing to find', async (t) => {
  const { issuer, set, failures } = await startSet(t)
  issuer.publish({ kty: 'oct', k: 'c2VjcmV0' })
  t.strictSame(await set.find(wanted('first')), [])
  t.equal(await set.isUp(), false)
  t.match(failures, [{ message: 'The issuer\'s key set has no key that can verify tokens.' }])
  t.equal(failures.length, 1)
})

t.test('a closed set ends its fetch, and fetches nothing more', async (t) => {
  const clock = await startSet(t, { refreshIntervalMs: 5 })
  const { issuer, set, failures } = await startSet(t, { refreshIntervalMs: 1 })
  issuer.behave(() => {})
  const asked = issuer.asked()
  const fetched = set.refresh()
  await asked
  await set.close()
  await fetched
  const [requestCount, failureCount] = [issuer.requests(), failures.length]
  for (let time = 0; time < 3; time++) await clock.issuer.asked()
  t.strictSame([issuer.requests(), failures.length], [requestCount, failureCount])
})

t.test('a set of more than a mebibyte is not read', async (t) => {
  const { issuer, set, failures } = await startSet(t)
  const document = (bytes: number) => JSON.stringify({ keys: [first.jwk] }).padEnd(bytes)
  for (const [bytes, keyCount] of [[1024 * 1024 + 1, 0], [1024 * 1024, 1]] as const) {
    issuer.behave((response) => { response.end(document(bytes)) })
    await set.refresh()
    t.equal(set.keys.length, keyCount)
  }
  t.equal(failures.length, 1)
})

t.test('an issuer is reached by a proxy: asked of it without TLS, and through a tunnel with TLS', async (t) => {
  const issuer = await startIssuer(t)
  issuer.publish(first.jwk)
  const proxy = await startForwardProxy(t, { 'issuer.test': Number(new URL(issuer.url).port) })
  for (const [url, asked, ids] of [
    ['http://issuer.test/keys', 'request issuer.test', ['first']], ['https://issuer.test/keys', 'tunnel issuer.test:443', []],
  ] as const) {
    const set = new RemoteKeySet(url, { proxyUrl: proxy.address, onFailure: () => {} })
    t.teardown(() => set.close())
    await set.refresh()
    t.ok(proxy.asked.has(asked), [...proxy.asked].join())
    t.strictSame(idsOf(set.keys), ids)
  }
})
