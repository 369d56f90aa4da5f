import t from 'tap'
import { mintObjectKey } from '../../../../../../objects/object-key.js'
import { eventsToken, everyDoor, issuePushToken } from '../../../../../support/event-doors.js'
import { makeKey, startIssuer } from '../../../../../support/issuer.js'
import { member, runId, startService, workflowId } from '../../../../../support/service.js'
import { encode, secondsFromNow } from '../../../../../support/tokens.js'

const path = '/api/v1/objects/events/pubsub'

/** A notification of Cloud Storage, as Pub/Sub pushes it. */
function push (name: string, size: number) {
  const objectId = mintObjectKey({ orgKey: 'acme', workflowId, runId, createdBy: member.userId, direction: 'outputs', path: name })
  return {
    message: {
      attributes: { eventType: 'OBJECT_FINALIZE', bucketId: 'objects', objectId, eventTime: new Date().toISOString(), payloadFormat: 'JSON_API_V1' },
      data: Buffer.from(JSON.stringify({ name: objectId, bucket: 'objects', size: String(size), md5Hash: 'XrY7u+Ae7tCTyyK7j1rNww==' })).toString('base64'),
      messageId: '2070443601311540',
    },
    subscription: 'projects/my-project/subscriptions/objects',
  }
}

t.test('with an audience and an account', async (t) => {
  const issuer = await startIssuer(t)
  const key = makeKey('RS256', 'one')
  issuer.publish(key.jwk)
  const { app, authorise, log } = await startService(t, { ...everyDoor, EVENTS_PUBSUB_JWKS_URL: issuer.url })
  t.equal(issuer.requests(), 0, 'the keys are fetched when they are needed')
  const post = (token: string, payload: unknown = push('refused.txt', 100)) => app.inject({
    method: 'POST', url: path, headers: { authorization: `Bearer ${token}` }, payload: JSON.stringify(payload),
  })
  const usage = async () => (await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(member) })).json()

  await t.test('what comes with Google\'s token for the account is counted', async (t) => {
    const answer = await post(issuePushToken(key), push('counted.txt', 11))
    t.strictSame(answer.json(), { applied: 1, setAside: 0, ignored: 0 })
    t.equal((await post(issuePushToken(key, { iss: 'accounts.google.com' }), push('also.txt', 4))).statusCode, 200)
    t.match(await usage(), { totalBytes: 15, fileCount: 2 })
    t.match((await post(issuePushToken(key), { hello: 'world' })).json(), { statusCode: 422, code: 'EVENTS_NOT_UNDERSTOOD' })
    t.match((await app.inject('/metrics')).body, /objects_storage_event_lateness_seconds_count\{channel="pubsub"\} 2\n/)
    t.equal(issuer.requests(), 1)
  })

  await t.test('any other token is refused, and nothing is counted', async (t) => {
    const before = await usage()
    const other = makeKey('RS256', 'one')
    const elliptic = makeKey('ES256', 'two')
    issuer.publish(key.jwk, elliptic.jwk)
    const refused: Array<[what: string, token: string, reason: string]> = [
      ['another issuer', issuePushToken(key, { iss: 'https://evil.test' }), 'it is of another issuer'],
      ['an issuer that looks like Google', issuePushToken(key, { iss: 'https://accounts.google.com/' }), 'it is of another issuer'],
      ['several issuers', issuePushToken(key, { iss: ['https://accounts.google.com'] }), 'its claim iss is missing or has the wrong form'],
      ['another audience', issuePushToken(key, { aud: 'https://other.example.com' }), 'it is for another audience'],
      ['no audience', issuePushToken(key, { aud: undefined }), 'its claim aud is missing or has the wrong form'],
      ['another account', issuePushToken(key, { email: 'someone@my-project.iam.gserviceaccount.com' }), 'it is of another account'],
      ['no account', issuePushToken(key, { email: undefined }), 'it is of another account'],
      ['accounts in an array', issuePushToken(key, { email: [everyDoor.EVENTS_PUBSUB_ACCOUNT] }), 'it is of another account'],
      ['an account that is not verified', issuePushToken(key, { email_verified: false }), 'its claim email_verified is missing or has the wrong form'],
      ['an account that is verified in words', issuePushToken(key, { email_verified: 'true' }), 'its claim email_verified is missing or has the wrong form'],
      ['a time that has passed', issuePushToken(key, { exp: secondsFromNow(-1) }), 'it has expired'],
      ['no end', issuePushToken(key, { exp: undefined }), 'its claim exp is missing or has the wrong form'],
      ['another key of that name', issuePushToken(other), 'its signature is wrong'],
      ['a key of another kind', issuePushToken(elliptic), 'it is signed with another algorithm'],
      ['another algorithm', issuePushToken({ ...key, algorithm: 'RS512' }), 'it is signed with another algorithm'],
      ['no signature', `${encode({ alg: 'none' })}.${encode({})}.`, 'it is signed with another algorithm'],
      ['a user of the service', authorise(member).authorization.replace('Bearer ', ''), 'it is signed with another algorithm'],
      ['the token for events', eventsToken, 'it is malformed'],
    ]
    for (const [what, token, reason] of refused) {
      t.match((await post(token)).json(), { statusCode: 401, code: 'TOKEN_INVALID', message: `The bearer token is not valid: ${reason}.` }, what)
    }
    t.match((await app.inject({ method: 'POST', url: path, payload: push('refused.txt', 100) })).json(), { statusCode: 401, code: 'TOKEN_REQUIRED' })
    for (const url of ['/api/v1/objects/storage-usage', '/api/v1/objects/events']) {
      const method = url.endsWith('events') ? 'POST' : 'GET'
      t.equal((await app.inject({ method, url, headers: { authorization: `Bearer ${issuePushToken(key)}` } })).statusCode, 401, 'nor is it good elsewhere')
    }
    t.strictSame(await usage(), before)
    t.notOk(log.some((line) => refused.some(([, token]) => line.includes(token.slice(-40)))))
  })
})

t.test('while the keys cannot be fetched, the message is to be sent again, and is not counted against its sender', async (t) => {
  const issuer = await startIssuer(t)
  const key = makeKey('RS256', 'one')
  issuer.behave((response) => { response.writeHead(500).end() })
  const { app } = await startService(t, { ...everyDoor, EVENTS_PUBSUB_JWKS_URL: issuer.url, AUTH_FAILURE_LIMIT: '2' })
  const post = async (token: string) => await app.inject({
    method: 'POST', url: path, headers: { authorization: `Bearer ${token}` }, payload: JSON.stringify(push('late.txt', 1)),
  })
  const answers = await Promise.all(Array.from({ length: 10 }, async () => (await post(issuePushToken(key))).statusCode))
  t.strictSame(new Set(answers), new Set([503]))
  t.equal(issuer.requests(), 1)
  const wrong = await Promise.all(Array.from({ length: 10 }, async () => (await post('malformed')).statusCode))
  t.equal(wrong.filter((status) => status === 401).length, 2)
  t.equal(wrong.filter((status) => status === 429).length, 8)
})
