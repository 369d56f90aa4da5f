import { Type } from '@sinclair/typebox'
import { type ErrorBody, type ErrorCode, ErrorBodySchema, errorCodes, errorTable, exampleErrorBody } from './errors.js'
import { reference } from './reference.js'

/** Statuses that need no further explanation, with their errors. */
const errorsOfStatus = {
  400: ['INVALID_REQUEST'],
  401: ['TOKEN_REQUIRED', 'TOKEN_INVALID', 'TOKEN_KEYS_UNAVAILABLE', 'TOO_MANY_REQUESTS'],
  403: ['FORBIDDEN'],
  412: ['PRECONDITION_FAILED'],
  413: ['BODY_TOO_LARGE'],
  415: ['UNSUPPORTED_MEDIA_TYPE'],
  416: ['RANGE_NOT_SATISFIABLE'],
  429: ['TOO_MANY_REQUESTS'],
  502: ['STORE_REFUSED'],
} as const satisfies Record<number, readonly ErrorCode[]>

const retryAfter = {
  'Retry-After': { type: 'integer', minimum: 1, description: 'Seconds after which to try again (RFC 9110, 10.2.3).' },
}

const responseHeaders: Record<number, object> = {
  401: { 'WWW-Authenticate': { type: 'string', description: 'The scheme of tokens (RFC 6750, 3).', enum: ['Bearer'] } },
  429: retryAfter,
  503: retryAfter,
}

/**
 * Response schemas for the errors that a route can answer. Every route can answer 400 and 431, to requests that no route
 * accepts, and `INTERNAL_ERROR`; a route that names no others is served under any load.
 *
 * @param errors codes, or a status that stands for all of its codes; 401 includes the errors for keys that are unavailable and
 *   for clients that sent too many wrong tokens
 */
export function errorResponses (...errors: Array<ErrorCode | keyof typeof errorsOfStatus>) {
  const named = new Set<ErrorCode>(['INVALID_REQUEST', 'HEADERS_TOO_LARGE', 'INTERNAL_ERROR'])
  if (errors.length > 0) named.add('OVERLOADED')
  for (const error of errors) for (const code of typeof error === 'number' ? errorsOfStatus[error] : [error]) named.add(code)
  const byStatus = new Map<number, ErrorBody[]>()
  for (const code of errorCodes) {
    if (!named.has(code)) continue
    const example = exampleErrorBody(code)
    byStatus.set(example.statusCode, [...byStatus.get(example.statusCode) ?? [], example])
  }
  return Object.fromEntries([...byStatus].map(([status, examples]) => [status, errorResponse(status, examples)]))
}

function errorResponse (status: number, examples: readonly ErrorBody[]) {
  return Type.Unsafe<ErrorBody>({
    description: examples.map(({ code }) => `\`${code}\`: ${errorTable[code].meaning}.`).join(' '),
    ...responseHeaders[status] === undefined ? {} : { headers: responseHeaders[status] },
    content: {
      'application/json': {
        schema: reference(ErrorBodySchema),
        examples: Object.fromEntries(examples.map((example) => [example.code, { value: example }])),
      },
    },
  })
}
