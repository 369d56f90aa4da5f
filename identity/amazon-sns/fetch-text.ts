import { Agent, type Dispatcher, ProxyAgent, request } from 'undici'

/**
 * Fetches a short document, and follows no redirect.
 *
 * @throws when there is no answer in time, or one that is too long
 */
export type FetchText = (url: string) => Promise<{ statusCode: number, text: string }>

export interface TextFetcherOptions {
  /** The proxy that an address is reached by; undefined for none. */
  proxyFor: (url: string) => string | undefined
  /** Certificates, as PEM, that servers' must come from in place of those that are usually trusted. */
  ca?: string
}

const DOCUMENT_MAX_BYTES = 64 * 1024
const TIMEOUT_MS = 5_000
const CONNECTIONS_MAX = 4

/** Fetches short documents over HTTPS, by undici; `close` ends what is under way. */
export class TextFetcher {
  readonly #proxyFor
  readonly #options
  readonly #dispatchers = new Map<string | undefined, Dispatcher>()

  constructor ({ proxyFor, ca }: TextFetcherOptions) {
    this.#proxyFor = proxyFor
    this.#options = {
      connections: CONNECTIONS_MAX, maxResponseSize: DOCUMENT_MAX_BYTES, tls: ca === undefined ? {} : { ca },
    }
  }

  readonly fetch: FetchText = async (url) => {
    if (!url.startsWith('https://')) throw new TypeError('Only https:// is fetched.')
    const { statusCode, body } = await request(url, {
      dispatcher: this.#dispatcherBy(this.#proxyFor(url)), signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    return { statusCode, text: await body.text() }
  }

  async close (): Promise<void> {
    await Promise.all(Array.from(this.#dispatchers.values(), async (dispatcher) => { await dispatcher.destroy() }))
  }

  #dispatcherBy (proxyUrl: string | undefined): Dispatcher {
    const known = this.#dispatchers.get(proxyUrl)
    if (known !== undefined) return known
    const { tls, ...bounds } = this.#options
    const dispatcher = proxyUrl === undefined
      ? new Agent({ ...bounds, connect: tls })
      : new ProxyAgent({ ...bounds, uri: proxyUrl, proxyTunnel: true, requestTls: tls })
    this.#dispatchers.set(proxyUrl, dispatcher)
    return dispatcher
  }
}
