import { verify } from 'node:crypto'
import { isConfirmationUrl, isSigningCertificateUrl } from './addresses.js'
import type { FetchText } from './fetch-text.js'
import { type SnsMessage, readSnsMessage, stringToSign } from './message.js'
import { SnsMessageRefusedError, SnsUnavailableError } from './refusal.js'
import { SigningKeys } from './signing-keys.js'
import type { SnsTopic } from './topic.js'

const HASHES = new Map([['1', 'RSA-SHA1'], ['2', 'RSA-SHA256']])

/**
 * Verifies messages of Amazon SNS, and confirms subscriptions. It fetches only from the SNS of a configured topic's region, and
 * nothing at all for a message that names another topic.
 *
 * A message never expires, since SNS may send it again much later. That does no harm: it says what a file is, not what changes,
 * so a repeated message has no effect.
 */
export class SnsMessageVerifier {
  readonly #topics: ReadonlyMap<string, SnsTopic>
  readonly #fetchText
  readonly #keys

  /** @param now in milliseconds since 1970 */
  constructor (topics: readonly SnsTopic[], fetchText: FetchText, now?: () => number) {
    this.#topics = new Map(topics.map((topic) => [topic.arn, topic]))
    this.#fetchText = fetchText
    this.#keys = new SigningKeys(fetchText, now)
  }

  /**
   * @param body parsed from JSON
   * @throws {SnsMessageRefusedError}
   * @throws {SnsUnavailableError}
   */
  async verify (body: unknown): Promise<SnsMessage> {
    const message = readSnsMessage(body)
    if (message === undefined) throw new SnsMessageRefusedError('it is not a signed message')
    const topic = this.#topicOf(message)
    const hash = HASHES.get(message.signatureVersion)
    if (hash === undefined) throw new SnsMessageRefusedError('its signature is of an unknown version')
    if (!isSigningCertificateUrl(message.signingCertUrl, topic)) {
      throw new SnsMessageRefusedError('its certificate is not at the SNS of the topic\'s region')
    }
    const key = await this.#keys.find(message.signingCertUrl)
    if (!verify(hash, Buffer.from(stringToSign(message)), key, Buffer.from(message.signature, 'base64'))) {
      throw new SnsMessageRefusedError('its signature is wrong')
    }
    return message
  }

  /**
   * Confirms the subscription that a verified message is about.
   *
   * @throws {SnsMessageRefusedError} if the address in the message would do anything else
   * @throws {SnsUnavailableError} if SNS does not answer that it is confirmed
   */
  async confirm (message: SnsMessage): Promise<void> {
    const url = message.signed.get('SubscribeURL') ?? ''
    if (!isConfirmationUrl(url, message, this.#topicOf(message))) {
      throw new SnsMessageRefusedError('its SubscribeURL is not one of the SNS of the topic\'s region')
    }
    // The cause may contain the address, which contains the token.
    const answer = await this.#fetchText(url).catch(() => undefined)
    if (answer?.statusCode !== 200) {
      throw new SnsUnavailableError(`The subscription cannot be confirmed: ${answer === undefined ? 'SNS does not answer' : `SNS answers with status ${answer.statusCode}`}.`)
    }
  }

  #topicOf ({ topicArn }: SnsMessage): SnsTopic {
    const topic = this.#topics.get(topicArn)
    if (topic === undefined) throw new SnsMessageRefusedError('it is of another topic')
    return topic
  }
}
