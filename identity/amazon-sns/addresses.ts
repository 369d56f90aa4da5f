import type { SnsMessage } from './message.js'
import type { SnsTopic } from './topic.js'

const certificateName = /^SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem$/
const visibleAscii = /^[\x21-\x7e]+$/
const CONFIRMED_BY = ['Action', 'Token', 'TopicArn']

// A message says what is to be fetched for it, before anything is known about its sender. Addresses are compared as text,
// letter by letter: if they were parsed first, the code that fetches them might parse them differently.

/** Whether an address leads to a certificate with which SNS signs in the topic's region. */
export function isSigningCertificateUrl (url: string, { host }: SnsTopic): boolean {
  const start = `https://${host}/`
  return url.startsWith(start) && certificateName.test(url.slice(start.length))
}

/** Whether an address does nothing but confirm the message's subscription, at the SNS of the topic's region. */
export function isConfirmationUrl (url: string, { signed }: SnsMessage, { arn, host }: SnsTopic): boolean {
  const start = `https://${host}/?`
  if (!url.startsWith(start) || !visibleAscii.test(url) || url.includes('#')) return false
  const query = new URLSearchParams(url.slice(start.length))
  return [...query.keys()].toSorted().join() === CONFIRMED_BY.join() &&
    query.get('Action') === 'ConfirmSubscription' && query.get('TopicArn') === arn && query.get('Token') === signed.get('Token')
}
