import { Agent, type Dispatcher, ProxyAgent, request } from 'undici'
import { readKeySet } from './json-web-key-set.js'
import { type WantedKey, selectKeys } from './key-selection.js'
import type { VerificationKey } from './verification-key.js'

export interface RemoteKeySetOptions {
  /** Is told why a fetch failed; the error holds neither the URL nor what was fetched. */
  onFailure: (error: Error) => void
  /** How often the set is fetched again, and so how long a withdrawn key is believed at most while the issuer answers. */
  refreshIntervalMs?: number
  /** By which the issuer is reached; none by default. */
  proxyUrl?: string | undefined
}

const REFRESH_INTERVAL_MS = 10 * 60_000
const FETCH_TIMEOUT_MS = 5_000
const DOCUMENT_MAX_BYTES = 1024 * 1024
// Tokens with made-up key ids must not cause more frequent requests to the issuer than this.
const COOLDOWN_MS = 10_000
const FAILED_COOLDOWN_MS = 5_000

/**
 * An issuer's JSON Web Key Set, as it was fetched last. It is fetched as a whole, at set times and when a token names a key
 * that is not in it, but not more often than every ten seconds: a key that the issuer has just begun to use is known after
 * that. While the issuer does not answer, the keys that are known stay in use.
 *
 * Not jose's createRemoteJWKSet: with 6.2, while the issuer fails every made-up key id has it asked (50 of 50), keys that are
 * known fail with it past `cacheMaxAge`, a set may have any size (50 MB were read), and a key pins no algorithm (PS256 passes
 * with a key that RS256 stands for). What mends that is most of this file and of json-web-key-set.ts.
 */
export class RemoteKeySet {
  readonly #url: string
  readonly #onFailure
  readonly #agent: Dispatcher
  readonly #timer
  #keys: VerificationKey[] = []
  #fetching: Promise<void> | undefined
  #hasFailed = false
  #restsUntil = 0

  constructor (url: string, { onFailure, refreshIntervalMs = REFRESH_INTERVAL_MS, proxyUrl }: RemoteKeySetOptions) {
    const bounds = { connections: 1, maxResponseSize: DOCUMENT_MAX_BYTES }
    this.#agent = proxyUrl === undefined
      ? new Agent(bounds)
      : new ProxyAgent({ ...bounds, uri: proxyUrl, proxyTunnel: url.startsWith('https:') })
    this.#url = url
    this.#onFailure = onFailure
    this.#timer = setInterval(() => this.refresh(), refreshIntervalMs).unref()
  }

  /** The keys as they were fetched last. */
  get keys (): readonly VerificationKey[] {
    return this.#keys
  }

  /**
   * The keys that a token may be signed with, as `selectKeys` has them.
   *
   * @returns undefined where the issuer would have to be asked, and does not answer
   * @throws {TokenRefusedError} where no newer set would help
   */
  async find (wanted: WantedKey): Promise<VerificationKey[] | undefined> {
    let found = selectKeys(this.#keys, wanted)
    if (found.length > 0) return found
    if (this.#fetching !== undefined || Date.now() >= this.#restsUntil) {
      await this.refresh()
      found = selectKeys(this.#keys, wanted)
    }
    return found.length === 0 && this.#hasFailed ? undefined : found
  }

  /**
   * Whether the issuer gave keys when it was asked last. Where it did not, it is asked again, at most every five seconds.
   */
  async isUp (): Promise<boolean> {
    if (this.#fetching !== undefined || (this.#hasFailed && Date.now() >= this.#restsUntil)) await this.refresh()
    return !this.#hasFailed && this.#keys.length > 0
  }

  /** Fetches the set now. Never rejects: what fails is told to `onFailure`, and the keys stay as they were. */
  async refresh (): Promise<void> {
    this.#fetching ??= this.#fetch().finally(() => { this.#fetching = undefined })
    await this.#fetching
  }

  /** Aborts a fetch in progress. */
  async close (): Promise<void> {
    clearInterval(this.#timer)
    await this.#agent.destroy()
  }

  async #fetch (): Promise<void> {
    try {
      const { statusCode, body } = await request(this.#url, {
        dispatcher: this.#agent, headers: { accept: 'application/json' }, signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
      })
      if (statusCode !== 200) {
        await body.dump()
        throw new Error(`The issuer answers with status ${statusCode}.`)
      }
      this.#keys = readKeySet(await body.json())
      if (this.#keys.length === 0) this.#onFailure(new Error('The issuer\'s key set has no key that can verify tokens.'))
      this.#hasFailed = false
    } catch (error) {
      this.#hasFailed = true
      this.#onFailure(new Error('The issuer\'s key set cannot be fetched.', { cause: error }))
    }
    this.#restsUntil = Date.now() + (this.#hasFailed ? FAILED_COOLDOWN_MS : COOLDOWN_MS)
  }
}
