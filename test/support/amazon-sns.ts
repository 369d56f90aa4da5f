import { type KeyObject, createPrivateKey, sign } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { FetchText } from '../../identity/amazon-sns/fetch-text.js'
import { openCertificates } from './certificates.js'

export const topicArn = 'arn:aws:sns:eu-central-1:123456789012:objects'
export const snsHost = 'sns.eu-central-1.amazonaws.com'
export const certificateUrl = `https://${snsHost}/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem`
/** The token of a subscription that is to be confirmed. */
export const confirmationToken = '2336412f37fb687f5d51e6e2425c464de'

export type SentMessage = Record<string, string>

/** A stand-in for Amazon SNS, which signs with its own certificate and answers requests. */
export interface TestSns {
  certificate: string
  /** Signs fields as they are, without those that are undefined. */
  sign: (fields: Record<string, string | undefined>, version?: '1' | '2', privateKey?: KeyObject) => SentMessage
  /** A notification with the given body, as SNS sends it. */
  notification: (published: unknown, fields?: Record<string, string | undefined>, version?: '1' | '2') => SentMessage
  /** A request to confirm a subscription, as SNS sends it. */
  confirmation: (fields?: Record<string, string | undefined>, version?: '1' | '2') => SentMessage
  /** Answers with the certificate, and confirms subscriptions. */
  fetchText: FetchText
  /** The addresses that were fetched, in order. */
  fetched: string[]
}

const ORDER = ['Message', 'MessageId', 'Subject', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']

/** Creates a key and a certificate with OpenSSL. */
export async function createSns (commonName = 'sns.amazonaws.com', keyType = 'rsa:2048'): Promise<TestSns> {
  const certificates = await openCertificates()
  const files = await certificates.makeAuthority(commonName, keyType)
  const [certificate, key] = await Promise.all([readFile(files.certificate, 'utf8'), readFile(files.key, 'utf8')])
  await certificates.remove()
  const ownKey = createPrivateKey(key)

  const signMessage: TestSns['sign'] = (fields, version = '2', privateKey = ownKey) => {
    // Written independently, so that the service's own order is compared with something.
    const text = ORDER.flatMap((name) => fields[name] === undefined ? [] : [`${name}\n${fields[name]}\n`]).join('')
    const given = Object.fromEntries(
      Object.entries(fields).flatMap(([name, value]) => value === undefined ? [] : [[name, value]]))
    return {
      SignatureVersion: version,
      Signature: sign(version === '1' ? 'sha1' : 'sha256', Buffer.from(text), privateKey).toString('base64'),
      SigningCertURL: certificateUrl,
      ...given,
    }
  }
  const common = () => ({
    MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324', TopicArn: topicArn, Timestamp: new Date().toISOString(),
  })
  const fetched: string[] = []
  return {
    certificate,
    sign: signMessage,
    notification: (published, fields = {}, version) => signMessage({
      ...common(), Type: 'Notification', Subject: 'Amazon S3 Notification', Message: JSON.stringify(published), ...fields,
    }, version),
    confirmation: (fields = {}, version) => signMessage({
      ...common(),
      Type: 'SubscriptionConfirmation',
      Token: confirmationToken,
      Message: `You have chosen to subscribe to the topic ${topicArn}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`,
      SubscribeURL: `https://${snsHost}/?Action=ConfirmSubscription&TopicArn=${topicArn}&Token=${confirmationToken}`,
      ...fields,
    }, version),
    fetched,
    fetchText: async (url) => {
      fetched.push(url)
      return { statusCode: 200, text: url === certificateUrl ? certificate : '<ConfirmSubscriptionResponse/>' }
    },
  }
}
