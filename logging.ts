import { type FastifyReply, type FastifyRequest, type FastifyServerOptions, LogController } from 'fastify'
import { errorCode } from './errors/error-code.js'
import type { Config } from './config.js'
import { createKeyRedactor } from './objects/redacted-key.js'

type LoggedReply = { statusCode: number, request?: { query?: unknown } }
type LoggerOptions = Exclude<FastifyServerOptions['logger'], boolean | undefined>

/**
 * What the log may contain. An object key is a secret that travels in URLs, so for a request only its method and its route are
 * logged, and for an error its kind, its message and its stack, but none of the values that libraries attach to it
 * (PostgreSQL's `detail` contains whole rows).
 *
 * @param forPeople writes lines for reading on a terminal, instead of JSON
 */
export function loggerOptions (level: Config['LOG_LEVEL'], forPeople = false): LoggerOptions {
  const redact = createKeyRedactor()
  return {
    level,
    ...forPeople ? { transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname,reqId', singleLine: true } } } : {},
    serializers: {
      req: (request) => ({
        method: request.method,
        route: request.routeOptions?.url ?? null,
        remoteAddress: request.ip,
      }),
      res: (reply: LoggedReply) => describeReply(reply, redact),
      err: describeError,
    },
  }
}

// The files that make up a page: one line for the page is enough, or opening it would push earlier lines out of sight.
const pageParts = /^\/(?:app\/assets|documentation)\/./

/** Logs requests for reading on a terminal: one line each, once they are answered. */
export class RequestLines extends LogController {
  override incomingRequest (): void {}

  override requestCompleted (error: Error | null, request: FastifyRequest, reply: FastifyReply): void {
    const { method, routeOptions: { url: route = '(no route)' } } = request
    const line = `${method} ${route} ${reply.statusCode}, ${Math.round(reply.elapsedTime)} ms`
    if (error !== null && error !== undefined) reply.log.error({ err: error }, line)
    else if (pageParts.test(route) && reply.statusCode < 400) reply.log.debug(line)
    else reply.log.info(line)
  }
}

/** What became of a request; for one about a file, also a hash of its object key, to find what else was logged about it. */
function describeReply (reply: LoggedReply, redact: (objectKey: string) => string): { statusCode: number, object?: string } {
  const { statusCode, request } = reply
  const query = request?.query
  return typeof query === 'object' && query !== null && 'objectKey' in query && typeof query.objectKey === 'string'
    ? { statusCode, object: redact(query.objectKey) }
    : { statusCode }
}

type LoggedError = {
  type: string
  message: string
  stack: string
  code?: string
  cause?: LoggedError
}

function describeError (error: Error): LoggedError {
  return {
    type: error.name,
    message: error.message,
    stack: error.stack ?? '',
    ...errorCode(error) === '' ? {} : { code: errorCode(error) },
    ...error.cause instanceof Error ? { cause: describeError(error.cause) } : {},
  }
}
