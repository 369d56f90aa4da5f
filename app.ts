import { STATUS_CODES, type ServerResponse, maxHeaderSize } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import autoload from '@fastify/autoload'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, {
  type ConnectionError, type FastifyBaseLogger, type FastifyInstance, type FastifyServerOptions,
} from 'fastify'
import type { Config } from './config.js'
import { capabilityHeaders } from './downloads/headers.js'
import { withoutBasePath } from './http/base-path.js'
import { createRequestIds } from './http/request-id.js'
import { traceIdOf } from './http/trace-context.js'
import { withoutTrailingSlash } from './http/trailing-slash.js'
import { parseTrustedProxies } from './http/trusted-proxies.js'
import type { FetchText } from './identity/amazon-sns/fetch-text.js'
import { RequestLines, loggerOptions } from './logging.js'
import { isStorableKey } from './objects/object-key.js'
import configuration from './plugins/config.js'
import { createLazySerializers } from './plugins/http/lazy-serializers.js'
import { createValidators } from './plugins/http/validators.js'
import { pluginsInOrder, storePlugins } from './plugins/order.js'
import { HeadersTooLargeError, InvalidRequestError, RequestTimeoutError, errorBody } from './schemas/errors.js'
import { LOWER_CASE } from './schemas/identifiers.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Connections whose current request may take longer than usual to arrive; its route sets the limit. */
    unhurriedSockets: WeakSet<Socket>
  }
}

const BODY_MAX_BYTES = 1024 * 1024
// Longer than the database plugin waits for a frozen server before it starts without one.
const PLUGIN_TIMEOUT_MS = 60_000
/** How often Node looks for requests that have not arrived in time. */
const ARRIVAL_CHECK_INTERVAL_MS = 1_000
/** Limit for a request's headers, and for the whole request, to arrive: with the check's interval, the documented minute. */
const REQUEST_TIMEOUT_MS = 60_000 - ARRIVAL_CHECK_INTERVAL_MS
const KEEP_ALIVE_TIMEOUT_MS = 72_000

/** Where the value being validated is stored. */
interface PlaceOfValue {
  parentData: Record<string | number, unknown>
  parentDataProperty: string | number
}

/** Adds the schema keyword that turns strings into lower case as they are read. */
const readInLowerCase: NonNullable<FastifyServerOptions['ajv']>['onCreate'] = (ajv) => {
  ajv.addKeyword({
    keyword: LOWER_CASE,
    type: 'string',
    schemaType: 'boolean',
    modifying: true,
    errors: false,
    validate: (_isSet: boolean, text: string, _schema?: object, place?: PlaceOfValue) => {
      if (place !== undefined) place.parentData[place.parentDataProperty] = text.toLowerCase()
      return true
    },
  })
}

/** How the server treats connections and requests, regardless of its routes. */
export const serverOptions = {
  ajv: {
    customOptions: {
      removeAdditional: false,
      coerceTypes: false,
      // JSON Schema counts characters, S3 counts bytes.
      formats: { 'object-key': isStorableKey },
    },
    onCreate: readInLowerCase,
  },
  bodyLimit: BODY_MAX_BYTES,
  // A parameter's schema limits its length; the router need not.
  routerOptions: { maxParamLength: maxHeaderSize },
  pluginTimeout: PLUGIN_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  http: {
    headersTimeout: REQUEST_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: ARRIVAL_CHECK_INTERVAL_MS,
    // Node's own answer to a request without a Host header has no body; ours says what is missing.
    requireHostHeader: false,
  },
  keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  forceCloseConnections: 'idle',
  // The service's parts stay open until the last connection is closed, so requests that still arrive are answered as usual.
  return503OnClosing: false,
} as const

/**
 * Builds the service. Once `ready()` has resolved, it can listen or have requests injected.
 *
 * @param options.logger where log lines go instead of standard output
 * @param options.fetchText replaces the requests to Amazon SNS: for tests
 * @param options.logForPeople writes log lines for reading on a terminal, instead of as JSON
 */
export function build (
  config: Config, options: { logger?: FastifyBaseLogger, logForPeople?: boolean, fetchText?: FetchText } = {},
): FastifyInstance {
  const { logger, logForPeople, fetchText } = options
  const unhurriedSockets = new WeakSet<Socket>()
  const app = fastify({
    ...logger === undefined ? { logger: loggerOptions(config.LOG_LEVEL, logForPeople) } : { loggerInstance: logger },
    ...serverOptions,
    ...logForPeople === true ? { logController: new RequestLines() } : {},
    trustProxy: config.TRUST_PROXY === undefined ? false : parseTrustedProxies(config.TRUST_PROXY) ?? false,
    schemaController: { compilersFactory: { buildValidator: createValidators(), buildSerializer: createLazySerializers() } },
    genReqId: createRequestIds(),
    childLoggerFactory: (parent, bindings, options, { headers }) => {
      const traceId = traceIdOf(headers)
      return parent.child(traceId === undefined ? bindings : { ...bindings, traceId }, options)
    },
    clientErrorHandler: (error, socket) => {
      // Node.js reports a late request only once; after that, the route's own limit applies.
      if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && unhurriedSockets.has(socket)) return
      answerUnreadable(error, socket)
    },
    rewriteUrl: ({ url = '/' }) => {
      const { BASE_PATH } = config
      const own = BASE_PATH === undefined ? url : withoutBasePath(url, BASE_PATH)
      // People add a slash to an address, and so do some clients.
      return own.startsWith('/api/') ? withoutTrailingSlash(own) : own
    },
    frameworkErrors: (_error, { id }, reply) => { answerBadUrl(id, reply) },
  }).withTypeProvider<TypeBoxTypeProvider>()
  // Node would answer 417 by itself; an unknown expectation may be ignored instead (RFC 9110, 10.1.1).
  app.server.on('checkExpectation', app.routing)
  app.decorate('unhurriedSockets', unhurriedSockets)
  app.decorate('fetchText', fetchText)
  app.register(configuration, { config })
  for (const plugin of pluginsInOrder) app.register(plugin)
  app.register(autoload, { dir: join(import.meta.dirname, 'routes'), dirNameRoutePrefix: true })
  return app
}

/** Builds only what is needed to configure the bucket: no database, and nothing that can listen. */
export function buildStore (config: Config): FastifyInstance {
  const app = fastify({ pluginTimeout: PLUGIN_TIMEOUT_MS })
  app.register(configuration, { config })
  for (const plugin of storePlugins) app.register(plugin)
  return app
}

/** Answers a URL that cannot be decoded: it has no route, and so never reaches the error handler. */
function answerBadUrl (requestId: string, reply: { hijack: () => unknown, raw: ServerResponse }): void {
  const body = JSON.stringify(errorBody(new InvalidRequestError('The URL is not percent-encoded UTF-8.')))
  reply.hijack()
  reply.raw.writeHead(400, { ...bareErrorHeaders(body), 'x-request-id': requestId }).end(body)
}

/** Answers bytes that cannot be read as an HTTP request: writes to the bare connection, and closes it. */
function answerUnreadable (error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return
  const answer = unreadableErrorFor(error.code)
  const body = JSON.stringify(errorBody(answer))
  const lines = Object.entries({ ...bareErrorHeaders(body), connection: 'close' }).map(([name, value]) => `${name}: ${value}`)
  const { statusCode = 400 } = answer
  const sent: unknown = error.rawPacket
  const isHead = Buffer.isBuffer(sent) && sent.toString('latin1', 0, 5) === 'HEAD '
  socket.write(`HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}\r\n${lines.join('\r\n')}\r\n\r\n${isHead ? '' : body}`)
  socket.destroySoon()
}

function unreadableErrorFor (code: string | undefined) {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW': return new HeadersTooLargeError()
    case 'ERR_HTTP_REQUEST_TIMEOUT': return new RequestTimeoutError()
    default: return new InvalidRequestError('The request is not valid HTTP.')
  }
}

function bareErrorHeaders (body: string) {
  return {
    ...capabilityHeaders,
    'cache-control': 'no-store',
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  }
}
