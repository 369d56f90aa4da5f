import type { Agent } from 'node:http'
import fastifyPlugin from 'fastify-plugin'
import { Client, type ClientOptions } from 'minio'
import { addressBucket } from '../../store/bucket-address.js'
import type { StoreTransport } from '../../store/dispatcher.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Signs with the credentials that were current when it was read from here. */
    minio: Client
  }
}

/**
 * minio-js does not support an endpoint with a path: this class puts the path in front of every request's own, and signs both.
 */
class ClientBelowPath extends Client {
  readonly #basePath: string

  constructor (options: ClientOptions, basePath: string, tls: StoreTransport['tls']) {
    super(options)
    this.setRequestOptions(tls)
    this.#basePath = basePath
  }

  protected override getRequestOptions (request: Parameters<Client['getRequestOptions']>[0]) {
    const options = super.getRequestOptions(request)
    return { ...options, path: this.#basePath + options.path }
  }
}

/** Decorates the instance with the MinIO client, for work on the bucket other than downloads. */
export default fastifyPlugin(async (app) => {
  const { endpoint, region, credentials: source } = app.storeTarget
  const { hostname, port, protocol } = new URL(endpoint)
  const { isInHost, basePath } = addressBucket(app.storeTarget)
  const useSSL = protocol === 'https:'
  const { tls, proxyFor } = app.storeTransport
  const agent = await createProxyAgent(endpoint, proxyFor(endpoint))
  let credentials = source.current
  const connect = () => new ClientBelowPath({
    endPoint: hostname,
    port: Number(port || (useSSL ? 443 : 80)),
    useSSL,
    region,
    accessKey: credentials.accessKey,
    secretKey: credentials.secretKey,
    ...credentials.sessionToken === undefined ? {} : { sessionToken: credentials.sessionToken },
    pathStyle: !isInHost,
    ...agent === undefined ? {} : { transportAgent: agent },
  }, basePath, tls)
  let client: Client = connect()
  app.decorate('minio', {
    getter () {
      // A client keeps the credentials that it was made with.
      if (credentials !== source.current) {
        credentials = source.current
        client = connect()
      }
      return client
    },
  })
}, { name: 'minio', dependencies: ['store-target', 'store-transport'] })

/** The agent by which minio-js, which uses Node.js's own client, connects to the store's proxy; undefined if there is none. */
async function createProxyAgent (endpoint: string, proxyUrl: string | undefined): Promise<Agent | undefined> {
  if (proxyUrl === undefined) return undefined
  // Loaded only if they are used.
  if (endpoint.startsWith('https:')) return new (await import('https-proxy-agent')).HttpsProxyAgent(proxyUrl)
  return new (await import('http-proxy-agent')).HttpProxyAgent(proxyUrl)
}
