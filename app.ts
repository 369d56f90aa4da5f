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
import { createRequestIds } from './http/request-id.js'
import { traceIdOf } from './http/trace-context.js'
import { withoutTrailingSlash } from './http/trailing-slash.js'
import { parseTrustedProxies } from './http/trusted-proxies.js'
import { RequestLines, loggerOptions } from './logging.js'
import { isStorableKey } from './objects/object-key.js'
import configuration from './plugins/config.js'
import { createLazySerializers } from './plugins/http/lazy-serializers.js'
import { createValidators } from './plugins/http/validators.js'
import { pluginsInOrder } from './plugins/order.js'
import { HeadersTooLargeError, InvalidRequestError, RequestTimeoutError, errorBody } from './schemas/errors.js'
import { LOWER_CASE } from './schemas/identifiers.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Connections whose present request may take longer than others to arrive: how long, its route says. */
    unhurriedSockets: WeakSet<Socket>
  }
}

const BODY_MAX_BYTES = 1024 * 1024
// Longer than the database plugin waits for a frozen server before it starts without one.
const PLUGIN_TIMEOUT_MS = 60_000
/** How often Node looks for requests that have not arrived in time. */
const ARRIVAL_CHECK_INTERVAL_MS = 1_000
/** On the arrival of a request's headers, and of the whole request: refused within the minute that is documented. */
const REQUEST_TIMEOUT_MS = 60_000 - ARRIVAL_CHECK_INTERVAL_MS
const KEEP_ALIVE_TIMEOUT_MS = 72_000

/** Where a value stands that is being validated. */
interface PlaceOfValue {
  parentData: Record<string | number, unknown>
  parentDataProperty: string | number
}

/** Lets a schema's keyword turn strings into lower case as they are read. */
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

/** How the server treats connections and requests, whatever its routes are. */
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
  // What a parameter may be is for its schema to say, not for the router.
  routerOptions: { maxParamLength: maxHeaderSize },
  pluginTimeout: PLUGIN_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  http: {
    headersTimeout: REQUEST_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: ARRIVAL_CHECK_INTERVAL_MS,
    // Node's own answer to a request without one has no body: ours says what is missing.
    requireHostHeader: false,
  },
  keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  forceCloseConnections: 'idle',
  // Its parts are there until the last connection is closed, so what still arrives on one is answered as usual.
  return503OnClosing: false,
} as const

/**
 * Builds the service: ready to listen or to be injected requests into, once `ready()` has resolved.
 *
 * @param options.logger where log lines go instead of standard output
 * @param options.logForPeople writes them to read on a terminal, instead of as JSON
 */
export function build (
  config: Config, options: { logger?: FastifyBaseLogger, logForPeople?: boolean } = {},
): FastifyInstance {
  const { logger, logForPeople } = options
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
      // Node.js times a connection once for each request, and has now stopped.
      if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && unhurriedSockets.has(socket)) return
      answerUnreadable(error, socket)
    },
    // Users type a slash after an address, and some clients put one there.
    rewriteUrl: ({ url = '/' }) => url.startsWith('/api/') ? withoutTrailingSlash(url) : url,
    frameworkErrors: (_error, { id }, reply) => { answerBadUrl(id, reply) },
  }).withTypeProvider<TypeBoxTypeProvider>()
  // Node would answer 417 by itself; an unknown expectation may as well be ignored (RFC 9110, 10.1.1).
  app.server.on('checkExpectation', app.routing)
  app.decorate('unhurriedSockets', unhurriedSockets)
  app.register(configuration, { config })
  for (const plugin of pluginsInOrder) app.register(plugin)
  app.register(autoload, { dir: join(import.meta.dirname, 'routes'), dirNameRoutePrefix: true })
  return app
}

/** Answers a URL that cannot be decoded: it has no route, and so never reaches the error handler. */
function answerBadUrl (requestId: string, reply: { hijack: () => unknown, raw: ServerResponse }): void {
  const body = JSON.stringify(errorBody(new InvalidRequestError('The URL is not percent-encoded UTF-8.')))
  reply.hijack()
  reply.raw.writeHead(400, { ...bareErrorHeaders(body), 'x-request-id': requestId }).end(body)
}

/** Answers what cannot be read as an HTTP request: there is only a connection, which is then closed. */
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
