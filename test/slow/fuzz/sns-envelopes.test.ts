import fc from 'fast-check'
import t from 'tap'
import { mintObjectKey } from '../../../objects/object-key.js'
import { type SentMessage, certificateUrl, createSns, snsHost } from '../../support/amazon-sns.js'
import { bucketRecord } from '../../support/bucket-records.js'
import { hostileAddresses } from '../../support/hostile-addresses.js'
import { member, runId, startService, workflowId } from '../../support/service.js'
import { hostileBodies, hostileJson, hostileStrings } from './hostile-values.js'

const RUNS = Number(process.env.SNS_RUNS ?? 10_000)
const commonFields = ['Type', 'MessageId', 'TopicArn', 'Message', 'Timestamp', 'SignatureVersion', 'SigningCertURL']
const confirmationFields = ['Token', 'SubscribeURL']
const certificateAddress = /^https:\/\/sns\.eu-central-1\.amazonaws\.com\/SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem$/

/** Whether all signed fields of a body equal those of one of the messages. */
function isOneOf (messages: readonly SentMessage[], payload: string): boolean {
  const sent: Record<string, unknown> = JSON.parse(payload.replace(/^\ufeff/, ''))
  const signedFields = [...commonFields, ...sent.Type === 'Notification' ? ['Subject'] : confirmationFields]
  return messages.some((message) => signedFields.every((name) => (sent[name] ?? undefined) === message[name]))
}

t.test(`of ${RUNS} changed messages of SNS none fails, none counts, and none has anything asked of another host`, async (t) => {
  const [sns, stranger] = [await createSns(), await createSns()]
  const asked = new Set<string>()
  const { app, log } = await startService(t, { EVENTS_SNS_TOPIC_ARN: sns.notification({}).TopicArn ?? '', LOG_LEVEL: 'warn' }, {
    fetchText: async (url) => {
      asked.add(url)
      if (url === certificateUrl) return { statusCode: 200, text: sns.certificate }
      // SNS has no other certificate; anyone else would have one that fits.
      if (!url.startsWith(`https://${snsHost}/`)) return { statusCode: 200, text: stranger.certificate }
      return { statusCode: url.includes('ConfirmSubscription') ? 200 : 404, text: '' }
    },
  })
  const key = (name: string) => mintObjectKey({ orgKey: 'acme', workflowId, runId, createdBy: member.userId, direction: 'outputs', path: name })
  const objectKey = key('real.txt')
  const at = new Date()
  const published = { Records: [bucketRecord(objectKey, { bucket: 'objects', sizeBytes: 5, at })] }
  const forged = { Records: [bucketRecord(key('forged.txt'), { bucket: 'objects', sizeBytes: 1e9 })] }
  const { pathname } = new URL(certificateUrl)
  const confirmation = sns.confirmation()
  const messages: SentMessage[] = [
    sns.notification(published), sns.notification(published, {}, '1'), sns.notification(published, { Subject: undefined }), confirmation,
    sns.confirmation({ Type: 'UnsubscribeConfirmation' }),
  ]
  const forgeries: SentMessage[] = [
    stranger.notification(forged), stranger.notification(forged, {}, '1'), stranger.confirmation({ SubscribeURL: 'https://evil.test/' }),
  ]
  const addresses = fc.oneof(
    fc.constantFrom(...hostileAddresses(snsHost, pathname), ...hostileAddresses(snsHost, new URL(confirmation.SubscribeURL ?? '').search)),
    fc.webUrl(), fc.stringMatching(/^[0-9A-Za-z]{1,64}$/).map((name) => `https://${snsHost}/SimpleNotificationService-${name}.pem`),
  )
  const genuine = fc.constantFrom(...messages.flatMap((message) => Object.values(message)), JSON.stringify(forged), undefined)
  const values = fc.oneof(addresses, hostileStrings, hostileJson, genuine)
  const names = fc.constantFrom(...commonFields, ...confirmationFields, 'Subject', 'Signature', 'UnsubscribeURL', '__proto__', 'signingCertUrl')
  const changes = fc.array(fc.tuple(names, values), { minLength: 1, maxLength: 3 })
  const replaced = fc.tuple(fc.constantFrom(...messages, ...forgeries), changes)
    .map(([message, changed]) => JSON.stringify({ ...message, ...Object.fromEntries(changed) }))
  // Of two members with the same name, the last one counts.
  const repeated = fc.tuple(fc.constantFrom(...messages), changes).map(([message, changed]) => {
    const added = changed.map(([name, value]) => `,${JSON.stringify(name)}:${JSON.stringify(value) ?? 'null'}`)
    return `${JSON.stringify(message).slice(0, -1)}${added.join('')}}`
  })
  const forgedAt = fc.tuple(fc.constantFrom(...forgeries), addresses)
    .map(([message, SigningCertURL]) => JSON.stringify({ ...message, SigningCertURL }))
  const texts = fc.constantFrom(...messages.map((message) => JSON.stringify(message)))
  const torn = texts.chain(hostileBodies).map((bytes) => Buffer.from(bytes, 'latin1').toString())
  const flipped = fc.tuple(texts, fc.nat(), fc.string({ unit: 'binary', maxLength: 2 }))
    .map(([text, place, put]) => text.slice(0, place % text.length) + put + text.slice(place % text.length + 1))

  const statuses = new Map<number, number>()
  await fc.assert(fc.asyncProperty(fc.oneof(replaced, repeated, forgedAt, torn, flipped), async (payload) => {
    const { statusCode } = await app.inject({
      method: 'POST', url: '/api/v1/objects/events/sns', headers: { 'content-type': 'text/plain' }, payload,
    })
    statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1)
    if (statusCode !== 401 && statusCode !== 413 && statusCode !== 200) throw new Error(`An answer of status ${statusCode}.`)
    if (statusCode === 200 && !isOneOf(messages, payload)) throw new Error('A message passed that SNS did not sign.')
  }), { numRuns: RUNS, seed: 20261127 })

  t.comment(Object.fromEntries(statuses))
  t.ok((statuses.get(401) ?? 0) > RUNS / 2)
  t.ok((statuses.get(200) ?? 0) > 0, 'changes of what is not signed pass')
  const rows = await app.database.selectFrom('objects').select(['object_key', 'size_bytes']).execute()
  t.same(rows.map((row) => row.object_key), [objectKey], 'nothing but what SNS signed is counted')
  t.same(rows.map((row) => Number(row.size_bytes)), [5])
  const strange = [...asked].filter((url) => url !== confirmation.SubscribeURL && !certificateAddress.test(url))
  t.strictSame(strange, [])
  t.ok(asked.size > 2, `${asked.size} addresses, all of SNS in the topic's region, were asked`)
  t.notOk(log.some((line) => line.includes(confirmation.Token ?? '')))
})
