import { type CredentialSource, type Credentials, areSameCredentials } from './credentials.js'
import { CredentialsUnavailable, ObjectStorageUnavailable } from './failures.js'

/** Fetches the current credentials. */
type FetchCredentials = () => Promise<Credentials>

export interface SessionCredentialsOptions {
  fetch: FetchCredentials
  /** Called with why credentials could not be renewed. */
  onFailure: (error: unknown) => void
  /** How long the first fetch may take, including retries, in milliseconds. */
  startTimeoutMs?: number
}

const START_TIMEOUT_MS = 10_000
const FETCH_TIMEOUT_MS = 10_000
/** Credentials are renewed this long before they expire, or halfway through their life if that is later. */
const RENEWAL_AHEAD_MS = 10 * 60_000
/** They are requested at least this often, since their source may have replaced them. */
const RENEWAL_MAX_MS = 60 * 60_000
/** The same for credentials without a known expiry, such as those of a file. */
const ENDLESS_RENEWAL_MS = 10 * 60_000
const RENEWAL_MIN_MS = 200
const FIRST_PAUSE_MS = 500
const PAUSE_MAX_MS = 30_000
/** A URL's validity is in whole seconds. */
const USABLE_MS = 1_000

/**
 * A session's credentials, renewed in the background before they expire. If that fails it is retried, after growing pauses of
 * at most 30 s, while the old ones stay in use; once they have expired, `current` throws until there are new ones.
 *
 * The AWS SDK's own caching makes the request that finds credentials near their expiry wait for new ones, and its errors name
 * the commands that it ran, so it is only asked for new ones.
 */
export class SessionCredentials implements CredentialSource {
  readonly #fetch
  readonly #onFailure
  #held: Credentials | undefined
  #failures = 0
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  /**
   * Resolves once there are credentials.
   *
   * @throws {CredentialsUnavailable} if there are none in time
   */
  static async open (options: SessionCredentialsOptions): Promise<SessionCredentials> {
    const { startTimeoutMs = START_TIMEOUT_MS } = options
    const source = new SessionCredentials(options)
    const endMs = performance.now() + startTimeoutMs
    while (!await source.#renew(endMs - performance.now())) {
      const pauseMs = source.#pauseMs()
      if (performance.now() + pauseMs >= endMs) {
        source.close()
        throw new CredentialsUnavailable(startTimeoutMs)
      }
      await new Promise((resolve) => { setTimeout(resolve, pauseMs) })
    }
    source.#renewLater()
    return source
  }

  private constructor ({ fetch, onFailure }: SessionCredentialsOptions) {
    this.#fetch = fetch
    this.#onFailure = onFailure
  }

  get current (): Credentials {
    const held = this.#held
    if (held === undefined || (held.expiresAtMs !== undefined && held.expiresAtMs - Date.now() < USABLE_MS)) {
      throw new ObjectStorageUnavailable('The credentials for the object storage have ended, and there are no others yet.',
        Math.ceil(this.#pauseMs() / 1000))
    }
    return held
  }

  /** Ends the renewal. */
  close (): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #renewLater (): void {
    if (this.#isClosed) return
    const delayMs = this.#failures > 0 ? this.#pauseMs() : renewalDelayMs(this.#held?.expiresAtMs, Date.now())
    this.#timer = setTimeout(() => {
      this.#renew(FETCH_TIMEOUT_MS).finally(() => { this.#renewLater() })
    }, delayMs).unref()
  }

  /** Whether there are now credentials that have not expired. Never rejects. */
  async #renew (timeoutMs: number): Promise<boolean> {
    try {
      const fetched = await within(timeoutMs, this.#fetch())
      if (fetched.expiresAtMs !== undefined && fetched.expiresAtMs - Date.now() < USABLE_MS) {
        throw new Error('The credentials that were given have ended already.')
      }
      if (this.#held === undefined || !areSameCredentials(this.#held, fetched)) this.#held = fetched
      this.#failures = 0
      return true
    } catch (error) {
      this.#failures++
      if (!this.#isClosed) this.#onFailure(error)
      return false
    }
  }

  #pauseMs (): number {
    return Math.min(FIRST_PAUSE_MS * 2 ** Math.max(this.#failures - 1, 0), PAUSE_MAX_MS)
  }
}

function renewalDelayMs (expiresAtMs: number | undefined, nowMs: number): number {
  if (expiresAtMs === undefined) return ENDLESS_RENEWAL_MS
  const lifeMs = expiresAtMs - nowMs
  return Math.min(Math.max(lifeMs - RENEWAL_AHEAD_MS, lifeMs / 2, RENEWAL_MIN_MS), RENEWAL_MAX_MS)
}

async function within<Result> (timeoutMs: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => { reject(new DOMException('No credentials came in time.', 'TimeoutError')) }, timeoutMs)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}
