import { parseToken } from './token.js'

const CHANNEL_QUESTION = 'who-has-a-token'

/**
 * Called when a session begins or ends.
 *
 * @param reason why it ended, for the person who must sign in again; undefined if they ended it themselves, or one began
 * @param former the last token before this one; undefined if there was none
 */
type SessionListener = (reason: string | undefined, former: string | undefined) => void

/**
 * The token that this tab works with. It is kept in the tab's own session storage, so that a reload finds it, and disappears
 * with the tab. Other tabs of the same page ask for it when they open, so it is gone once the last of them is closed. It is
 * never part of an address: one that arrives in a fragment is taken out at once.
 */
export class Session {
  readonly #key: string
  readonly #channel: BroadcastChannel
  #token: string | undefined
  #former: string | undefined
  /** Whether this tab has had no token yet: after signing out, it does not take one from another tab. */
  #isNew = true
  #listeners = new Set<SessionListener>()

  /** @param base where the service is: two on one origin have sessions of their own */
  constructor (base: URL) {
    this.#key = `objects-storage ${base.pathname}`
    this.#token = parseToken(sessionStorage.getItem(this.#key) ?? '')
    this.#channel = new BroadcastChannel(this.#key)
    this.#channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => { this.#hear(data) })
  }

  get token (): string | undefined {
    return this.#token
  }

  /** Asks other tabs for a token, unless this one has its own. */
  askOtherTabs (): void {
    if (this.#token === undefined) this.#channel.postMessage(CHANNEL_QUESTION)
  }

  /** Calls a listener after each change. */
  listen (listener: SessionListener): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  begin (token: string): void {
    const former = this.#token
    this.#token = token
    sessionStorage.setItem(this.#key, token)
    this.#tell(undefined, former)
  }

  /** Forgets the token, in this tab only. */
  end (reason?: string): void {
    const former = this.#token
    this.#token = undefined
    sessionStorage.removeItem(this.#key)
    this.#tell(reason, former)
  }

  #hear (data: unknown): void {
    if (data === CHANNEL_QUESTION) {
      if (this.#token !== undefined) this.#channel.postMessage({ token: this.#token })
    } else if (this.#token === undefined && typeof data === 'object' && data !== null && 'token' in data) {
      const token = typeof data.token === 'string' ? parseToken(data.token) : undefined
      if (token !== undefined && this.#isNew) this.begin(token)
    }
  }

  #tell (reason: string | undefined, former: string | undefined): void {
    this.#isNew = false
    this.#former = former ?? this.#former
    for (const listener of this.#listeners) listener(reason, this.#former)
  }
}

/**
 * Takes the token out of the address (`#token=…`), so that it is neither seen, bookmarked nor copied with it. The fragment of
 * an address is never sent to a server (RFC 3986, 3.5).
 *
 * @returns undefined if the address has none; null if what it has is not a token
 */
export function takeTokenFromAddress (): string | null | undefined {
  const { hash, pathname, search } = window.location
  const token = new URLSearchParams(hash.slice(1)).get('token')
  if (token === null) return undefined
  window.history.replaceState(null, '', pathname + search)
  return parseToken(token) ?? null
}
