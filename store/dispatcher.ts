import { type Dispatcher, Pool, ProxyAgent } from 'undici'

/** How connections to the object storage are made. */
export interface StoreTransport {
  /** In PEM format; Node.js's defaults apply to what is omitted. */
  tls: { ca?: string, cert?: string, key?: string }
  /** The proxy through which an address is reached; undefined for none. */
  proxyFor: (address: string) => string | undefined
}

/** Straight to the store, with the certificates that Node.js trusts. */
export const directTransport: StoreTransport = { tls: {}, proxyFor: () => undefined }

/** Limits on connections to one origin. */
interface DispatcherOptions {
  connectTimeoutMs: number
  headersTimeoutMs: number
  bodyTimeoutMs: number
  /** The most connections; unlimited if omitted. */
  connections?: number
}

/** Opens connections to an origin, through its proxy if it has one: by a tunnel for TLS, otherwise request by request. */
export function openDispatcher (
  origin: string, { tls, proxyFor }: StoreTransport,
  { connectTimeoutMs, headersTimeoutMs, bodyTimeoutMs, connections }: DispatcherOptions,
): Dispatcher {
  const options = {
    headersTimeout: headersTimeoutMs, bodyTimeout: bodyTimeoutMs, ...connections === undefined ? {} : { connections },
  }
  const connect = { timeout: connectTimeoutMs, ...tls }
  const proxyUrl = proxyFor(origin)
  if (proxyUrl === undefined) return new Pool(origin, { ...options, connect })
  return new ProxyAgent({
    uri: proxyUrl,
    proxyTunnel: false,
    requestTls: connect,
    proxyTls: { timeout: connectTimeoutMs },
    // For requests to the proxy itself: for a tunnel, or for anything but TLS.
    clientFactory: (address, more) => new Pool(address, { ...more, headersTimeout: connectTimeoutMs }),
    factory: (address, more) => new Pool(address, { ...more, ...options }),
  })
}
