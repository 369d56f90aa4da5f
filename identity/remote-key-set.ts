import { Agent, type Dispatcher, ProxyAgent, request } from 'undici'
import { readKeySet } from './json-web-key-set.js'
import { type WantedKey, selectKeys } from './key-selection.js'
import type { VerificationKey } from './verification-key.js'

export interface RemoteKeySetOptions {
  /** Called with why a fetch failed; the error contains neither the URL nor what was fetched. */
  onFailure: (error: Error) => void
  /** How often the set is fetched again: the longest time for which a withdrawn key is trusted while the issuer answers. */
  refreshIntervalMs?: number
  /** The proxy through which the issuer is reached; none by default. */
  proxyUrl?: string | undefined
}

const REFRESH_INTERVAL_MS = 10 * 60_000
const FETCH_TIMEOUT_MS = 5_000
const DOCUMENT_MAX_BYTES = 1024 * 1024
// Tokens with made-up key ids must not cause more frequent requests to the issuer than this.
const COOLDOWN_MS = 10_000
const FAILED_COOLDOWN_MS = 5_000

/**
 * An issuer's JSON Web Key Set, as last fetched. The whole set is fetched at regular intervals, and when a token names a key
 * that is not in it, but then at most every ten seconds: a key that the issuer has just begun to use is known after that. While
 * the issuer does not answer, the known keys stay in use.
 *
 * Why not jose's createRemoteJWKSet: in 6.2, while the issuer fails, every made-up key id causes a request (50 of 50), known
 * keys stop working past `cacheMaxAge`, the size of a set is not limited (50 MB were read), and a key does not pin an algorithm
 * (PS256 passes with a key that names RS256). Correcting that would take most of this file and of json-web-key-set.ts.
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

  /** The keys as last fetched. */
  get keys (): readonly VerificationKey[] {
    return this.#keys
  }

  /**
   * The keys that may have signed a token, as `selectKeys` returns them.
   *
   * @returns undefined if the issuer has to be asked, and does not answer
   * @throws {TokenRefusedError} if no newer set would help
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
   * Whether the issuer returned keys when last asked. If not, it is asked again, at most every five seconds.
   */
  async isUp (): Promise<boolean> {
    if (this.#fetching !== undefined || (this.#hasFailed && Date.now() >= this.#restsUntil)) await this.refresh()
    return !this.#hasFailed && this.#keys.length > 0
  }

  /** Fetches the set now. Never rejects: a failure is reported to `onFailure`, and the keys stay as they were. */
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
