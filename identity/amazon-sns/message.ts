/** A message that Amazon SNS sends to an address; not yet verified. */
export interface SnsMessage {
  type: MessageType
  topicArn: string
  signatureVersion: string
  signature: string
  signingCertUrl: string
  /** All signed fields, by SNS's names for them. */
  signed: ReadonlyMap<string, string>
}

type MessageType = (typeof types)[number]

const types = ['Notification', 'SubscriptionConfirmation', 'UnsubscribeConfirmation'] as const
// In the order in which they are signed, which is the byte order of their names.
const notificationFields = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
const confirmationFields = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']
/** The one field that a publisher may leave out. */
const SUBJECT = 'Subject'
const MESSAGE = 'Message'

/**
 * Reads a message from parsed JSON (Amazon SNS Developer Guide, "Parsing message formats").
 *
 * The signed text separates names and values by line breaks, so a value with line breaks could pass for several. Only `Message`
 * may contain any: then there is only one way to read the text, from its end.
 *
 * @returns undefined if it is not such a message
 */
export function readSnsMessage (body: unknown): SnsMessage | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  // Only the message's own members.
  const own = new Map<string, unknown>(Object.entries(body))
  const type = types.find((known) => known === own.get('Type'))
  if (type === undefined) return undefined
  const signed = new Map<string, string>()
  for (const name of type === 'Notification' ? notificationFields : confirmationFields) {
    const value = own.get(name)
    if (name === SUBJECT && (value === undefined || value === null)) continue
    if (typeof value !== 'string' || (name !== MESSAGE && /[\r\n]/.test(value))) return undefined
    signed.set(name, value)
  }
  const [signatureVersion, signature, signingCertUrl] = ['SignatureVersion', 'Signature', 'SigningCertURL'].map((name) => own.get(name))
  if (typeof signatureVersion !== 'string' || typeof signature !== 'string' || typeof signingCertUrl !== 'string') return undefined
  return { type, topicArn: signed.get('TopicArn') ?? '', signatureVersion, signature, signingCertUrl, signed }
}

/**
 * The text that a message's signature covers (Amazon SNS Developer Guide, "Verifying the signatures of Amazon SNS messages").
 */
export function stringToSign ({ signed }: Pick<SnsMessage, 'signed'>): string {
  return Array.from(signed, ([name, value]) => `${name}\n${value}\n`).join('')
}
