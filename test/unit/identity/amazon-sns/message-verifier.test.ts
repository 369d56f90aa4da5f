import { X509Certificate } from 'node:crypto'
import t from 'tap'
import type { FetchText } from '../../../../identity/amazon-sns/fetch-text.js'
import { SnsMessageVerifier } from '../../../../identity/amazon-sns/message-verifier.js'
import { SnsMessageRefusedError, SnsUnavailableError } from '../../../../identity/amazon-sns/refusal.js'
import { readTopicArn } from '../../../../identity/amazon-sns/topic.js'
import { certificateUrl, confirmationToken, createSns, snsHost, topicArn } from '../../../support/amazon-sns.js'
import { hostileAddresses } from '../../../support/hostile-addresses.js'

const sns = await createSns()
const topics = [readTopicArn(topicArn), readTopicArn('arn:aws-cn:sns:cn-north-1:123456789012:objects')]
const published = { Records: [] }
const dayMs = 24 * 60 * 60 * 1000

/** Its requests are counted, and never sent. */
function createVerifier ({ now, answer }: { now?: () => number, answer?: FetchText } = {}) {
  const fetched: string[] = []
  const verifier = new SnsMessageVerifier(topics, async (url) => {
    fetched.push(url)
    return answer === undefined ? { statusCode: 200, text: url === certificateUrl ? sns.certificate : 'confirmed' } : await answer(url)
  }, now)
  return { verifier, fetched }
}

t.test('messages of both versions and every kind pass, and change nothing of what they say', async (t) => {
  const { verifier, fetched } = createVerifier()
  for (const version of ['1', '2'] as const) {
    for (const message of [
      sns.notification(published, {}, version), sns.notification(published, { Subject: undefined }, version),
      sns.notification('Zeilen\nund 秘密 "\\', {}, version), sns.confirmation({}, version), sns.confirmation({ Type: 'UnsubscribeConfirmation' }, version),
    ]) t.match(await verifier.verify(message), { type: message.Type, topicArn })
  }
  t.strictSame(fetched, [certificateUrl], 'the certificate was fetched once')
})

t.test('a message with any signed field changed, or signed as another version, is refused', async (t) => {
  const { verifier } = createVerifier()
  for (const message of [sns.notification(published), sns.confirmation()]) {
    for (const name of ['Message', 'MessageId', 'Subject', 'Timestamp', 'Token', 'SubscribeURL', 'Signature']) {
      if (message[name] === undefined) continue
      const changed = `${message[name]?.startsWith('B') === true ? 'C' : 'B'}${message[name]?.slice(1)}x`
      await t.rejects(verifier.verify({ ...message, [name]: changed }), new SnsMessageRefusedError('its signature is wrong'), name)
    }
    await t.rejects(verifier.verify({ ...message, SignatureVersion: '1' }), new SnsMessageRefusedError('its signature is wrong'))
  }
  await t.rejects(verifier.verify({ ...sns.notification(published), Subject: undefined }), new SnsMessageRefusedError('its signature is wrong'))
  for (const Signature of ['', 'EXAMPLE', '*', 'AA'.repeat(256)]) {
    await t.rejects(verifier.verify({ ...sns.notification(published), Signature }), new SnsMessageRefusedError('its signature is wrong'))
  }
})

t.test('what cannot pass is refused before anything is fetched', async (t) => {
  const { verifier, fetched } = createVerifier()
  const message = sns.notification(published)
  for (const TopicArn of [
    'arn:aws:sns:eu-central-1:123456789012:other', 'arn:aws:sns:eu-central-1:210987654321:objects', 'arn:aws:sns:us-east-1:123456789012:objects',
    `${topicArn} `, `${topicArn}:x`, topicArn.toUpperCase(), `${topicArn},${topicArn}`, '', '__proto__', 'constructor',
  ]) await t.rejects(verifier.verify(sns.sign({ ...message, TopicArn })), new SnsMessageRefusedError('it is of another topic'), TopicArn)
  for (const SignatureVersion of ['', '0', '3', '1 ', '01', '__proto__']) {
    await t.rejects(verifier.verify({ ...message, SignatureVersion }), new SnsMessageRefusedError('its signature is of an unknown version'))
  }
  for (const body of [published, [message], null, undefined, 'text', { ...message, Type: 'Other' }]) {
    await t.rejects(verifier.verify(body), new SnsMessageRefusedError('it is not a signed message'))
  }
  t.strictSame(fetched, [])
})

t.test('no certificate is fetched from any other address', async (t) => {
  const { verifier, fetched } = createVerifier()
  const { pathname } = new URL(certificateUrl)
  const urls = [
    ...hostileAddresses(snsHost, pathname),
    // The address of another configured topic.
    `https://sns.cn-north-1.amazonaws.com.cn${pathname}`,
    ...[
      '/', '', '/x.pem', `/x${pathname}`, `/${pathname}`, `/.${pathname}`, `/x/..${pathname}`, `/%2e%2e${pathname}`, `${pathname}?x`, `${pathname}#x`, `${pathname}/`, `${pathname}%00`, `${pathname}\n`,
      pathname.toUpperCase(), pathname.replace('.pem', '.PEM'), pathname.replace('.pem', '.pem.pem'), '/SimpleNotificationService-.pem', '/SimpleNotificationService-a/../b.pem', '/SimpleNotificationService-a%2fb.pem',
      `/SimpleNotificationService-${'a'.repeat(65)}.pem`, '/?Action=Publish&x=SimpleNotificationService-a.pem', '/SimpleNotificationService-ä.pem',
    ].map((path) => `https://${snsHost}${path}`),
  ]
  for (const SigningCertURL of urls) {
    await t.rejects(verifier.verify({ ...sns.notification(published), SigningCertURL }),
      new SnsMessageRefusedError('its certificate is not at the SNS of the topic\'s region'), JSON.stringify(SigningCertURL))
  }
  t.strictSame(fetched, [])
  t.ok(urls.length > 90, `${urls.length} addresses`)
})

t.test('no subscription is confirmed at any other address, or for another topic, whoever signs it', async (t) => {
  const { verifier, fetched } = createVerifier()
  const query = `/?Action=ConfirmSubscription&TopicArn=${topicArn}&Token=${confirmationToken}`
  const urls = [
    ...hostileAddresses(snsHost, query),
    `https://sns.cn-north-1.amazonaws.com.cn${query}`,
    ...[
      '/', '/?', query.slice(1), `/x${query}`, `/${query}`, `/.${query}`, `${query}#x`, `${query}&x=1`, `${query}&Token=x`, `${query}&Action=Publish`, `${query} `, `${query}\t`,
      query.replace('Action=ConfirmSubscription', 'Action=Publish'), query.replace('Action=ConfirmSubscription', 'Action=DeleteTopic'), query.replace(topicArn, `${topicArn}-other`),
      query.replace(confirmationToken, 'other'), query.replace('Token', 'token'), query.replace('&Token', '&AuthenticateOnUnsubscribe=true&Token'), query.replace(/&Token.*/, ''), '/?Action=ConfirmSubscription&Action=Publish',
      query.replace('?', ';'), query.replace('ConfirmSubscription', 'ConfirmSubscription%00'), `${query}ä`,
    ].map((path) => `https://${snsHost}${path}`),
  ]
  for (const SubscribeURL of urls) {
    const message = await verifier.verify(sns.confirmation({ SubscribeURL })).catch(() => undefined)
    if (message === undefined) continue
    await t.rejects(verifier.confirm(message), SnsMessageRefusedError, JSON.stringify(SubscribeURL))
  }
  t.strictSame(fetched, [certificateUrl])
  t.ok(urls.length > 90, `${urls.length} addresses`)
})

t.test('a subscription is confirmed with what the message says, and only SNS\'s own word counts', async (t) => {
  const statuses = [200, 302, 403, 500]
  for (const statusCode of statuses) {
    const { verifier, fetched } = createVerifier({
      answer: async (url) => url === certificateUrl ? { statusCode: 200, text: sns.certificate } : { statusCode, text: '' },
    })
    const body = sns.confirmation()
    const confirmed = verifier.confirm(await verifier.verify(body))
    const reason = `The subscription cannot be confirmed: SNS answers with status ${statusCode}.`
    await (statusCode === 200 ? t.resolves(confirmed) : t.rejects(confirmed, new SnsUnavailableError(reason)))
    t.strictSame(fetched, [certificateUrl, body.SubscribeURL])
  }
})

t.test('why a subscription cannot be confirmed says nothing of its token', async (t) => {
  const { verifier } = createVerifier({
    answer: async (url) => {
      if (url === certificateUrl) return { statusCode: 200, text: sns.certificate }
      throw new Error(url)
    },
  })
  const error: unknown = await verifier.confirm(await verifier.verify(sns.confirmation())).catch((failure: unknown) => failure)
  t.match(error, new SnsUnavailableError('The subscription cannot be confirmed: SNS does not answer.'))
  t.notMatch(JSON.stringify(error, Object.getOwnPropertyNames(error)), confirmationToken)
})

t.test('messages that come at once have a certificate fetched once, and those that follow an answer without one again', async (t) => {
  let statusCode = 503
  const { verifier, fetched } = createVerifier({ answer: async () => ({ statusCode, text: sns.certificate }) })
  const send = async () => await Promise.allSettled(
    Array.from({ length: 100 }, async () => await verifier.verify(sns.notification(published))))
  for (const { status } of await send()) t.equal(status, 'rejected')
  t.equal(fetched.length, 1)
  statusCode = 200
  for (const { status } of await send()) t.equal(status, 'fulfilled')
  t.equal(fetched.length, 2)
  await send()
  t.equal(fetched.length, 2)
})

t.test('made-up certificates have no more than four fetched at a time, and none is remembered', async (t) => {
  let release: ((answer: { statusCode: number, text: string }) => void) | undefined
  const held = new Promise<{ statusCode: number, text: string }>((resolve) => { release = resolve })
  const { verifier, fetched } = createVerifier({
    answer: async (url) => url === certificateUrl ? { statusCode: 200, text: sns.certificate } : await held,
  })
  const message = sns.notification(published)
  const verifying = Array.from({ length: 100 }, (_value, index) =>
    verifier.verify({ ...message, SigningCertURL: certificateUrl.replace('-0', `-1${index}x`) }).catch((error: unknown) => error))
  const answers = Promise.all(verifying)
  t.equal(fetched.length, 4)
  release?.({ statusCode: 404, text: '' })
  const errors = await answers
  t.equal(errors.filter((error) => error instanceof SnsUnavailableError).length, 96)
  t.equal(errors.filter((error) => error instanceof SnsMessageRefusedError && error.message === 'there is no such certificate').length, 4)
  t.match(await verifier.verify(message), { type: 'Notification' }, 'what is sound passes afterwards')
})

t.test('a certificate is believed within its dates, and fetched again after a day', async (t) => {
  let nowMs = Date.now()
  const { verifier, fetched } = createVerifier({ now: () => nowMs })
  const message = sns.notification(published)
  await verifier.verify(message)
  nowMs += 23 * 60 * 60 * 1000
  await verifier.verify(message)
  t.equal(fetched.length, 1)
  for (const days of [-1, 2]) {
    nowMs = Date.now() + days * dayMs
    await t.rejects(verifier.verify(message), new SnsMessageRefusedError('its certificate is not valid now'))
  }
  t.equal(fetched.length, 2)
})

t.test('a certificate is believed from the first moment of its time to the last', async (t) => {
  const { validFrom, validTo } = new X509Certificate(sns.certificate)
  const [fromMs, toMs] = [Date.parse(validFrom), Date.parse(validTo)]
  const message = sns.notification(published)
  for (const [nowMs, isBelieved] of [[fromMs - 1, false], [fromMs, true], [toMs, true], [toMs + 1, false]] as const) {
    const verified = createVerifier({ now: () => nowMs }).verifier.verify(message)
    const refusal = new SnsMessageRefusedError('its certificate is not valid now')
    await (isBelieved ? t.resolves(verified) : t.rejects(verified, refusal))
  }
})

t.test('a certificate is kept for a day to the millisecond', async (t) => {
  const { validFrom } = new X509Certificate(sns.certificate)
  let nowMs = Date.parse(validFrom)
  const { verifier, fetched } = createVerifier({ now: () => nowMs })
  const message = sns.notification(published)
  for (const [laterMs, count] of [[0, 1], [dayMs - 1, 1], [dayMs, 2]] as const) {
    nowMs = Date.parse(validFrom) + laterMs
    await verifier.verify(message)
    t.equal(fetched.length, count)
  }
})

t.test('of many certificates the sixteen are kept that were fetched last', async (t) => {
  const { verifier, fetched } = createVerifier({ answer: async () => ({ statusCode: 200, text: sns.certificate }) })
  const message = sns.notification(published)
  const urlOf = (index: number) => certificateUrl.replace('-0', `-${index}x`)
  const send = async (index: number) => { await verifier.verify({ ...message, SigningCertURL: urlOf(index) }) }
  for (let index = 0; index <= 16; index++) await send(index)
  for (let index = 16; index > 0; index--) await send(index)
  t.equal(fetched.length, 17)
  await send(0)
  t.equal(fetched.at(-1), urlOf(0))
  t.equal(fetched.length, 18)
})

t.test('where a certificate cannot be fetched, the message is to be sent again', async (t) => {
  const { verifier } = createVerifier({ answer: async () => { throw new Error('no answer') } })
  await t.rejects(verifier.verify(sns.notification(published)), new SnsUnavailableError('The certificate cannot be fetched.'))
})

t.test('a certificate of another subject or with a weak key, and what is no certificate, is refused', async (t) => {
  const cases: Array<[name: string, keyType: string, message: string]> = [
    ['evil.test', 'rsa:2048', 'its certificate is not one of SNS'],
    ['sns.amazonaws.com.evil.test', 'rsa:2048', 'its certificate is not one of SNS'],
    ['evil-sns.amazonaws.com', 'rsa:2048', 'its certificate is not one of SNS'],
    ['evil.test CN=sns.amazonaws.com', 'rsa:2048', 'its certificate is not one of SNS'],
    ['sns.amazonaws.com', 'rsa:1024', 'its certificate\'s key is weak, or of another kind'],
    ['sns.amazonaws.com', 'ed25519', 'its certificate\'s key is weak, or of another kind'],
  ]
  for (const [name, keyType, reason] of cases) {
    const { certificate } = await createSns(name, keyType)
    const { verifier } = createVerifier({ answer: async () => ({ statusCode: 200, text: certificate }) })
    await t.rejects(verifier.verify(sns.notification(published)), new SnsMessageRefusedError(reason), `${name} ${keyType}`)
  }
  for (const text of ['', 'no certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----']) {
    const { verifier } = createVerifier({ answer: async () => ({ statusCode: 200, text }) })
    await t.rejects(verifier.verify(sns.notification(published)), new SnsMessageRefusedError('its certificate cannot be read'))
  }
  for (const name of ['sns-signing.af-south-1.amazonaws.com', 'sns-us-gov-west-1.amazonaws.com', 'sns-cn-north-1.amazonaws.com.cn']) {
    const regional = await createSns(name)
    const { verifier } = createVerifier({ answer: async () => ({ statusCode: 200, text: regional.certificate }) })
    t.match(await verifier.verify(regional.notification(published)), { type: 'Notification' }, name)
  }
})

t.test('a topic\'s ARN leads to one host', async (t) => {
  t.equal(readTopicArn(topicArn).host, snsHost)
  t.equal(readTopicArn('arn:aws-cn:sns:cn-northwest-1:123456789012:o').host, 'sns.cn-northwest-1.amazonaws.com.cn')
  t.equal(readTopicArn('arn:aws-us-gov:sns:us-gov-west-1:123456789012:o').host, 'sns.us-gov-west-1.amazonaws.com')
  for (const arn of [
    '', 'arn:aws:sns:evil.test#:123456789012:o', 'arn:aws:sns:us-east-1.evil.test:123456789012:o', 'arn:aws:sqs:us-east-1:123456789012:o', 'arn:evil:sns:us-east-1:123456789012:o',
    'arn:aws:sns:us-east-1:123456789012:o.fifo', 'arn:aws:sns:us-east-1:123456789012:o/x', 'arn:aws:sns:us-east-1:12345678901:o', `${topicArn}\n`,
  ]) t.throws(() => readTopicArn(arn), TypeError, arn)
})
