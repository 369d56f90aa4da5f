import { type KeyObject, X509Certificate } from 'node:crypto'
import { signatureAlgorithms } from '../signature-algorithm.js'
import type { FetchText } from './fetch-text.js'
import { SnsMessageRefusedError, SnsUnavailableError } from './refusal.js'

interface SigningKey {
  key: KeyObject
  validFromMs: number
  validToMs: number
  fetchedAtMs: number
}

// SNS signs with one certificate per region, and for a while with two when it replaces one.
const KEPT_MAX = 16
// This is also the longest time for which a withdrawn certificate is trusted.
const KEPT_MS = 24 * 60 * 60 * 1000
// Messages can name any number of made-up addresses.
const FETCHES_MAX = 4
// AWS SDK for Java 2, sns-message-manager: `sns.amazonaws.com`, `sns-signing.<region>.amazonaws.com` in newer regions, and
// `sns-<region>.amazonaws.com(.cn)` of other partitions.
const subjectOfSns = /^CN=sns[a-z0-9.-]*\.amazonaws\.com(?:\.cn)?$/m

/**
 * The keys that Amazon SNS signs with, by their certificates' addresses, which the caller has checked. A certificate is fetched
 * once, however many messages need it at the same time, and kept for a day.
 *
 * What vouches for the certificate is that SNS's own host sent it over TLS: the document contains no chain.
 */
export class SigningKeys {
  readonly #fetchText
  readonly #now
  /** In the order in which they were fetched. */
  readonly #kept = new Map<string, SigningKey>()
  readonly #fetching = new Map<string, Promise<SigningKey>>()

  /** @param now in milliseconds since 1970 */
  constructor (fetchText: FetchText, now: () => number = Date.now) {
    this.#fetchText = fetchText
    this.#now = now
  }

  /**
   * The key of a certificate that is valid now.
   *
   * @throws {SnsMessageRefusedError}
   * @throws {SnsUnavailableError}
   */
  async find (url: string): Promise<KeyObject> {
    const { key, validFromMs, validToMs } = await this.#get(url)
    const nowMs = this.#now()
    if (nowMs < validFromMs || nowMs > validToMs) throw new SnsMessageRefusedError('its certificate is not valid now')
    return key
  }

  async #get (url: string): Promise<SigningKey> {
    const kept = this.#kept.get(url)
    if (kept !== undefined && this.#now() < kept.fetchedAtMs + KEPT_MS) return kept
    const underWay = this.#fetching.get(url)
    if (underWay !== undefined) return await underWay
    if (this.#fetching.size >= FETCHES_MAX) throw new SnsUnavailableError('Too many certificates are being fetched.')
    const fetching = this.#fetch(url).finally(() => { this.#fetching.delete(url) })
    this.#fetching.set(url, fetching)
    return await fetching
  }

  async #fetch (url: string): Promise<SigningKey> {
    const { statusCode, text } = await this.#fetchText(url).catch((cause: unknown) => {
      throw new SnsUnavailableError('The certificate cannot be fetched.', { cause })
    })
    if (statusCode === 403 || statusCode === 404) throw new SnsMessageRefusedError('there is no such certificate')
    if (statusCode !== 200) throw new SnsUnavailableError(`Instead of a certificate, SNS answers with status ${statusCode}.`)
    const read = { ...readCertificate(text), fetchedAtMs: this.#now() }
    this.#kept.delete(url)
    this.#kept.set(url, read)
    for (const oldest of this.#kept.keys()) if (this.#kept.size > KEPT_MAX) this.#kept.delete(oldest)
    return read
  }
}

function readCertificate (pem: string): Omit<SigningKey, 'fetchedAtMs'> {
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(pem)
  } catch (cause) {
    throw new SnsMessageRefusedError('its certificate cannot be read', { cause })
  }
  const { publicKey: key, subject, validFrom, validTo } = certificate
  if (!subjectOfSns.test(subject)) throw new SnsMessageRefusedError('its certificate is not one of SNS')
  if (!signatureAlgorithms(key).includes('RS256')) throw new SnsMessageRefusedError('its certificate\'s key is weak, or of another kind')
  return { key, validFromMs: Date.parse(validFrom), validToMs: Date.parse(validTo) }
}
