import { buffer } from 'node:stream/consumers'
import type { Test } from 'tap'
import { Agent, type Dispatcher, request } from 'undici'
import { FaultProxy } from './fault-proxy.js'
import { type TestService, startService } from './service.js'
import { type OpenStore, type StoreKind } from './stores.js'

/** The service's answer, read to its end. */
export interface Answer {
  status: number
  headers: Dispatcher.ResponseData['headers']
  body: Buffer
}

interface RequestOptions {
  method?: 'GET' | 'HEAD'
  headers?: Record<string, string>
}

/** The service behind a real socket, with a proxy between it and its store. */
export interface DownloadService extends TestService {
  origin: string
  proxy: FaultProxy
  store: OpenStore
  /** Sends a request to a path of the service, or to a complete URL, and reads the answer. Redirects are not followed. */
  ask: (path: string, options?: RequestOptions) => Promise<Answer>
  /** Sends a request and leaves the body to the caller. */
  open: (path: string, options?: RequestOptions & { signal?: AbortSignal }) => Promise<Dispatcher.ResponseData>
}

/**
 * Starts the service in front of a store of the given kind, and ends both with the test. URLs are signed for the store itself,
 * so following one does not go through the proxy. Nothing here needs the database, so there is none.
 */
export async function startDownloadService (
  t: Pick<Test, 'teardown'>, kind: StoreKind, environment: Record<string, string> = {},
): Promise<DownloadService> {
  const store = await kind.open()
  t.teardown(store.close)
  const proxy = await FaultProxy.start(store.endpoint)
  t.teardown(() => proxy.close())
  const service = await startService(t, {
    ...store.environment,
    S3_ENDPOINT: proxy.endpoint,
    S3_PUBLIC_ENDPOINT: store.endpoint,
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    ...environment,
  })
  const origin = await service.app.listen({ host: '127.0.0.1', port: 0 })
  const dispatcher = new Agent({ pipelining: 1 })
  t.teardown(() => dispatcher.destroy())
  const open: DownloadService['open'] = (path, { signal, ...options } = {}) =>
    request(new URL(path, origin), { dispatcher, method: 'GET', signal: signal ?? null, ...options })
  return {
    ...service,
    origin,
    proxy,
    store,
    open,
    ask: async (path, options) => {
      const { statusCode: status, headers, body } = await open(path, options)
      return { status, headers, body: await buffer(body) }
    },
  }
}

/** The JSON of an answer. */
export function json ({ body }: Answer): unknown {
  return JSON.parse(body.toString())
}

/** Headers that are the same in any two equivalent answers. */
export function steadyHeaders ({ headers: { date, connection, 'keep-alive': keepAlive, 'x-request-id': requestId, ...headers } }: Answer) {
  return headers
}

/** Ends all faults, and lets the service ask the store again by making it believe that a while has passed. */
export async function recover (t: Pick<Test, 'intercept'>, { ask, proxy }: DownloadService, path: string): Promise<void> {
  proxy.heal()
  const { restore } = t.intercept(Date, 'now', { value: () => performance.timeOrigin + performance.now() + 2000 })
  const { status } = await ask(path, { method: 'HEAD' })
  restore()
  if (status !== 200) throw new Error(`The store is not back: ${status}.`)
}
