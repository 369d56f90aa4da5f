import { Agent, type Dispatcher, ProxyAgent, request } from 'undici'

/**
 * Fetches a short document, and follows no redirect.
 *
 * @throws if there is no answer in time, or it is too long
 */
export type FetchText = (url: string) => Promise<{ statusCode: number, text: string }>

export interface TextFetcherOptions {
  /** The proxy through which an address is reached; undefined for none. */
  proxyFor: (url: string) => string | undefined
  /** Certificates, in PEM format, of the only CAs to trust, in place of the usual ones. */
  ca?: string
}

const DOCUMENT_MAX_BYTES = 64 * 1024
const TIMEOUT_MS = 5_000
const CONNECTIONS_MAX = 4

/** Fetches short documents over HTTPS with undici; `close` ends requests in progress. */
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
