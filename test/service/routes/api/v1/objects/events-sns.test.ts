import t from 'tap'
import { mintObjectKey } from '../../../../../../objects/object-key.js'
import { certificateUrl, confirmationToken, createSns, snsHost, topicArn } from '../../../../../support/amazon-sns.js'
import { bucketRecord } from '../../../../../support/bucket-records.js'
import { member, runId, startService, workflowId } from '../../../../../support/service.js'

const path = '/api/v1/objects/events/sns'
const mint = (name: string) =>
  mintObjectKey({ orgKey: 'acme', workflowId, runId, createdBy: member.userId, direction: 'outputs', path: name })
const record = (name: string, sizeBytes: number) => bucketRecord(mint(name), { bucket: 'objects', sizeBytes })
const nothing = { applied: 0, setAside: 0, ignored: 0 }

t.test('with a topic', async (t) => {
  const sns = await createSns()
  const answers: Array<{ statusCode: number } | undefined> = []
  const { app, authorise, log } = await startService(t, {
    EVENTS_SNS_TOPIC_ARN: `arn:aws:sns:us-east-1:123456789012:other , ${topicArn}`, EVENTS_TOKEN: 'a-token-of-the-object-store', AUTH_FAILURE_LIMIT: '60',
  }, {
    fetchText: async (url) => {
      const answer = await sns.fetchText(url)
      return { ...answer, ...answers.shift() }
    },
  })
  const post = (payload: unknown, headers: Record<string, string> = { 'content-type': 'text/plain; charset=UTF-8' }) =>
    app.inject({ method: 'POST', url: path, headers, payload: typeof payload === 'string' ? payload : JSON.stringify(payload) })
  const usage = async () => (await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(member) })).json()

  await t.test('what SNS cannot be asked about now is to be sent again, and is then counted', async (t) => {
    const message = sns.notification({ Records: [record('first.txt', 3)] })
    answers.push({ statusCode: 500 })
    t.match((await post(message)).json(), { statusCode: 503, code: 'EVENTS_NOT_APPLIED' })
    t.strictSame((await post(message)).json(), { applied: 1, setAside: 0, ignored: 0 })
    t.match(await usage(), { totalBytes: 3, fileCount: 1 })
    t.strictSame((await post(message)).json(), { applied: 1, setAside: 0, ignored: 0 }, 'sent again, it changes nothing')
    t.match(await usage(), { totalBytes: 3, fileCount: 1 })
  })

  await t.test('signed notifications of either version are counted, and the certificate is fetched no more', async (t) => {
    const before = sns.fetched.length
    for (const version of ['1', '2'] as const) {
      t.equal((await post(sns.notification({ Records: [record(`${version}.txt`, 5)] }, {}, version))).statusCode, 200)
    }
    t.match(await usage(), { totalBytes: 13, fileCount: 3 })
    t.strictSame((await post(sns.notification({ Event: 's3:TestEvent' }))).json(), nothing)
    t.equal(sns.fetched.length, before)
    t.match((await app.inject('/metrics')).body, /objects_storage_event_lateness_seconds_count\{channel="sns"\} 4\n/)
  })

  await t.test('a signed message of no known form is answered 422', async (t) => {
    for (const published of ['Hello world!', { hello: 'world' }]) t.match((await post(sns.notification(published))).json(), { statusCode: 422, code: 'EVENTS_NOT_UNDERSTOOD' })
  })

  await t.test('a message as big as SNS has any is taken, and a bigger body is not read', async (t) => {
    const message = (size: number) => sns.notification({ Records: [], filling: '"'.repeat(size / 2) })
    t.equal((await post(message(256 * 1024 - 40))).statusCode, 200)
    t.match((await post(message(300 * 1024))).json(), { statusCode: 413, code: 'BODY_TOO_LARGE' })
  })

  await t.test('a subscription is confirmed once SNS says so, and the token is in no log', async (t) => {
    const { SubscribeURL } = sns.confirmation()
    answers.push({ statusCode: 500 })
    t.match((await post(sns.confirmation())).json(), { statusCode: 503, code: 'EVENTS_NOT_APPLIED' })
    t.strictSame((await post(sns.confirmation())).json(), nothing)
    t.strictSame(sns.fetched.slice(-2), [SubscribeURL, SubscribeURL])
    t.ok(log.some((line) => line.includes('subscribed to a topic of SNS') && line.includes(topicArn)))
    const before = sns.fetched.length
    t.strictSame((await post(sns.confirmation({ Type: 'UnsubscribeConfirmation' }))).json(), nothing)
    t.equal(sns.fetched.length, before, 'an end of it is not undone')
    t.match((await post(sns.confirmation({ SubscribeURL: 'https://evil.test/' }))).json(), { statusCode: 401, code: 'SIGNATURE_INVALID' })
    t.equal(sns.fetched.length, before)
    for (const secret of [confirmationToken, sns.notification({}).Signature?.slice(0, 20) ?? '']) t.notOk(log.some((line) => line.includes(secret)))
  })

  await t.test('what is not signed by SNS for the topic is refused, whatever else it is, and nothing of it is counted', async (t) => {
    const before = await usage()
    const fetched = sns.fetched.length
    const records = { Records: [record('refused.txt', 100)] }
    const message = sns.notification(records)
    const stranger = await createSns()
    const refused: Array<[payload: unknown, reason: string]> = [
      [records, 'it is not a signed message'],
      ['', 'it is not a signed message'],
      ['no JSON', 'it is not a signed message'],
      [{ ...message, Message: JSON.stringify({ Records: [record('other.txt', 100)] }) }, 'its signature is wrong'],
      [stranger.notification(records), 'its signature is wrong'],
      [{ ...message, Signature: 'EXAMPLE' }, 'its signature is wrong'],
      [sns.notification(records, { TopicArn: `${topicArn}-other` }), 'it is of another topic'],
      [{ ...message, SigningCertURL: `https://${snsHost}.evil.test/SimpleNotificationService-a.pem` }, 'its certificate is not at the SNS of the topic\'s region'],
      [{ ...message, SigningCertURL: certificateUrl.replace('eu-central-1', 'us-east-1') }, 'its certificate is not at the SNS of the topic\'s region'],
    ]
    for (const [payload, reason] of refused) {
      const answer = await post(payload, { authorization: 'Bearer a-token-of-the-object-store' })
      t.strictSame(answer.json(), { statusCode: 401, code: 'SIGNATURE_INVALID', error: 'Unauthorized', message: `The message is not accepted: ${reason}.` })
    }
    t.strictSame(await usage(), before)
    t.equal(sns.fetched.length, fetched)
  })

  await t.test('refused messages are limited by address, also at once, and sound ones pass at any time', async (t) => {
    const answers = await Promise.all(Array.from({ length: 80 }, async () => (await post({ Type: 'Notification' })).statusCode))
    t.ok(answers.includes(429))
    t.ok(answers.filter((status) => status === 401).length <= 60)
    t.equal((await post(sns.notification({ Records: [] }))).statusCode, 200)
  })
})

t.test('without a topic there is no such route, nor one for Pub/Sub', async (t) => {
  const { app } = await startService(t, { EVENTS_TOKEN: 'a-token-of-the-object-store' })
  for (const url of [path, '/api/v1/objects/events/pubsub']) {
    const answer = await app.inject({ method: 'POST', url, headers: { authorization: 'Bearer a-token-of-the-object-store' }, payload: { Records: [] } })
    t.match(answer.json(), { statusCode: 404, code: 'ROUTE_NOT_FOUND' })
  }
})
