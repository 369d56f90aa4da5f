import { ErrorSchema } from './errors.js'
import { reference } from './reference.js'

/** When each error status is answered; a route names those that it can answer. */
const descriptions = {
  400: 'The request is malformed: `INVALID_REQUEST`, `SIZE_REQUIRED`.',
  401: 'There is no valid bearer token: `TOKEN_REQUIRED`, `TOKEN_INVALID`.',
  403: 'The token does not allow this: `FORBIDDEN`.',
  404: 'There is no file with this object key: `OBJECT_NOT_FOUND`. The same answer for a key that is not of this service\'s form.',
  409: 'A reconcile of the organisation is running already: `RECONCILE_RUNNING`.',
  412: 'The file is not in the state that If-Match or If-Unmodified-Since asks for: `PRECONDITION_FAILED`.',
  413: 'The request body is too large: `BODY_TOO_LARGE`.',
  415: 'The body is not JSON: `UNSUPPORTED_MEDIA_TYPE`.',
  416: 'The file has no bytes in the range asked for: `RANGE_NOT_SATISFIABLE`. Content-Range tells its size.',
  429: 'The client has done this too often, or sent too many tokens that are not valid: `TOO_MANY_REQUESTS`. Retry-After says when to try again.',
  431: 'The URL and the headers are larger than 16 KiB: `HEADERS_TOO_LARGE`.',
  500: 'Something went wrong on our side: `INTERNAL_ERROR`.',
  502: 'Object storage refuses this service, for its credentials, its clock or its bucket: `STORE_REFUSED`.',
  503: 'Something that the service needs does not answer, or it has too much to do: `OVERLOADED`, `STORE_UNAVAILABLE`, `DATABASE_UNAVAILABLE`, `EVENTS_NOT_APPLIED`, `TOKEN_KEYS_UNAVAILABLE`. Retry-After says when to try again.',
  507: 'The organisation\'s quota leaves no room for the file: `QUOTA_EXCEEDED`.',
} as const

type ErrorStatus = keyof typeof descriptions

/**
 * Response schemas for the error statuses that a route can answer. Every route can answer 400 and 431, to what is a good
 * request of no route, and 500; one that needs a token also 429.
 */
export function errorResponses (...statuses: ErrorStatus[]) {
  const limited = statuses.includes(401) ? [429] as const : []
  return Object.fromEntries([...new Set<ErrorStatus>([400, ...statuses, ...limited, 431, 500])].map((status) =>
    [status, { ...reference(ErrorSchema), description: descriptions[status] }]))
}
