import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { X509Certificate } from 'node:crypto'
import fastifyPlugin from 'fastify-plugin'
import { type Response, fetch } from 'undici'
import { ConfigError } from '../../config.js'
import { errorCode } from '../../errors/error-code.js'
import { proxyFor } from '../../http/proxy.js'
import { type StoreTransport, openDispatcher } from '../../store/dispatcher.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** How connections to the object storage are made. */
    storeTransport: StoreTransport
    /**
     * Sends one request over a connection of its own, made like those to the object storage.
     *
     * @throws what undici's fetch throws, also after ten seconds
     */
    fetchFromStore: (
      url: string | URL, init?: { method?: string, headers?: Record<string, string>, body?: string },
    ) => Promise<Response>
  }
}

const TIMEOUT_MS = 10_000

/** Decorates the instance with how the object storage is reached: with which certificates, and through which proxy. */
export default fastifyPlugin(async (app) => {
  const { S3_CA, S3_CLIENT_CERT, S3_CLIENT_KEY } = app.config
  const tls = {
    ...S3_CA === undefined ? {} : { ca: readPem('S3_CA', S3_CA, (text) => new X509Certificate(text)) },
    ...S3_CLIENT_CERT === undefined ? {} : { cert: readPem('S3_CLIENT_CERT', S3_CLIENT_CERT, (text) => new X509Certificate(text)) },
    ...S3_CLIENT_KEY === undefined ? {} : { key: readPem('S3_CLIENT_KEY', S3_CLIENT_KEY, (key) => createSecureContext({ key })) },
  }
  try {
    createSecureContext(tls)
  } catch (error) {
    throw new ConfigError(`S3_CLIENT_KEY is not the key of the certificate in S3_CLIENT_CERT (${errorCode(error)}).`, { cause: error })
  }
  const transport: StoreTransport = { tls, proxyFor: (address) => proxyFor(address, app.config) }
  app.decorate('storeTransport', transport)
  app.decorate('fetchFromStore', async (url, init = {}) => {
    const bounds = { connectTimeoutMs: TIMEOUT_MS, headersTimeoutMs: TIMEOUT_MS, bodyTimeoutMs: TIMEOUT_MS, connections: 1 }
    const dispatcher = openDispatcher(new URL(url).origin, transport, bounds)
    try {
      return await fetch(url, { ...init, dispatcher, signal: AbortSignal.timeout(TIMEOUT_MS) })
    } finally {
      // Takes effect once the answer has been read.
      dispatcher.close().catch(() => {})
    }
  })
}, { name: 'store-transport', dependencies: ['config'] })

/** @throws {ConfigError} with one line that contains nothing of the file */
function readPem (name: string, path: string, parse: (text: string) => unknown): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError(`${name}: the file ${path} cannot be read (${errorCode(error)}).`, { cause: error })
  }
  try {
    parse(text)
  } catch (error) {
    throw new ConfigError(`${name}: the file ${path} holds no ${name === 'S3_CLIENT_KEY' ? 'key without a password' : 'certificate'} in PEM form.`, { cause: error })
  }
  return text
}
