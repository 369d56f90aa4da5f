import { Type } from '@sinclair/typebox'
import { type ErrorBody, type ErrorCode, ErrorBodySchema, declaredErrors, errorBody } from './errors.js'
import { reference } from './reference.js'

/** When each error is answered, as the OpenAPI document says it. */
const meanings: Record<ErrorCode, string> = {
  INVALID_REQUEST: 'a parameter or the body is missing, malformed or unknown',
  SIZE_REQUIRED: 'the organisation has a quota, and the upload does not state its size',
  TOKEN_REQUIRED: 'there is no bearer token',
  TOKEN_INVALID: 'the bearer token is malformed, expired, signed otherwise, or lacks a claim',
  FORBIDDEN: 'the token\'s user may not do this',
  OBJECT_NOT_FOUND: 'there is no file with this object key, or the key is not of this service\'s form',
  ROUTE_NOT_FOUND: 'there is no such route',
  RECONCILIATION_NOT_FOUND: 'the organisation was never reconciled on request',
  RECONCILE_RUNNING: 'a reconcile of the organisation is running already',
  REQUEST_TIMEOUT: 'the request did not arrive in time',
  PRECONDITION_FAILED: 'the file is not in the state that If-Match or If-Unmodified-Since asks for',
  BODY_TOO_LARGE: 'the request\'s body is larger than 1 MiB',
  UNSUPPORTED_MEDIA_TYPE: 'the body is not application/json',
  RANGE_NOT_SATISFIABLE: 'the file has no bytes in the range asked for; Content-Range tells its size',
  TOO_MANY_REQUESTS: 'the client has done this too often, or sent too many tokens that are not valid',
  HEADERS_TOO_LARGE: 'the URL and the headers are larger than 16 KiB',
  INTERNAL_ERROR: 'a fault of the service',
  USAGE_OUT_OF_RANGE: 'a sum exceeds 2^53−1 and is not stated wrongly',
  STORE_REFUSED: 'object storage refuses this service, for its credentials, its clock or its bucket',
  STORE_UNAVAILABLE: 'object storage does not answer',
  EVENTS_NOT_APPLIED: 'the events could not be applied now: send them again',
  OVERLOADED: 'the service has too much to do',
  TOKEN_KEYS_UNAVAILABLE: 'the keys that tokens are verified with cannot be fetched',
  DATABASE_UNAVAILABLE: 'the database does not answer',
  QUOTA_EXCEEDED: 'the organisation\'s quota leaves no room for the file',
}

/** What stands in the messages of the examples. */
const exampleDetails: Partial<Record<ErrorCode, string>> = {
  INVALID_REQUEST: 'querystring must NOT have additional properties.',
  TOKEN_INVALID: 'it has expired',
  FORBIDDEN: 'Only an admin may ask for another user\'s usage.',
}

/** Statuses that say all by themselves, with their errors. */
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
 * Response schemas for the errors that a route can answer. Every route can answer 400 and 431, to what is a good request of
 * no route, and `INTERNAL_ERROR`; one that names no other is answered under any load.
 *
 * @param errors codes, or a status that has only these; 401 includes that the keys to verify a
 *   token with cannot be had, and that the client sent too many wrong ones
 */
export function errorResponses (...errors: Array<ErrorCode | keyof typeof errorsOfStatus>) {
  const named = new Set<ErrorCode>(['INVALID_REQUEST', 'HEADERS_TOO_LARGE', 'INTERNAL_ERROR'])
  if (errors.length > 0) named.add('OVERLOADED')
  for (const error of errors) for (const code of typeof error === 'number' ? errorsOfStatus[error] : [error]) named.add(code)
  const byStatus = new Map<number, ErrorBody[]>()
  for (const [code, ErrorClass] of declaredErrors) {
    if (!named.has(code)) continue
    const detail = exampleDetails[code]
    // An argument that is undefined would be appended to the message.
    const example = errorBody(detail === undefined ? new ErrorClass() : new ErrorClass(detail))
    byStatus.set(example.statusCode, [...byStatus.get(example.statusCode) ?? [], example])
  }
  return Object.fromEntries([...byStatus].map(([status, examples]) => [status, errorResponse(status, examples)]))
}

function errorResponse (status: number, examples: readonly ErrorBody[]) {
  return Type.Unsafe<ErrorBody>({
    description: examples.map(({ code }) => `\`${code}\`: ${meanings[code]}.`).join(' '),
    ...responseHeaders[status] === undefined ? {} : { headers: responseHeaders[status] },
    content: {
      'application/json': {
        schema: reference(ErrorBodySchema),
        examples: Object.fromEntries(examples.map((example) => [example.code, { value: example }])),
      },
    },
  })
}
