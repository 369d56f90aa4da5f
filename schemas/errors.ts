import { STATUS_CODES } from 'node:http'
import createError from '@fastify/error'
import { type Static, Type } from '@sinclair/typebox'

/*
 * Every error that the service answers with: its code, its message and its status. Messages never repeat input: it may
 * hold an object key, which is a secret.
 */
export const InvalidRequestError = createError('INVALID_REQUEST', '%s', 400)
export const SizeRequiredError = createError('SIZE_REQUIRED', 'The organisation has a quota: an upload must state its sizeBytes.', 400)
export const TokenRequiredError = createError('TOKEN_REQUIRED', 'A bearer token is required in the Authorization header.', 401)
export const TokenInvalidError = createError('TOKEN_INVALID', 'The bearer token is not valid: %s.', 401)
export const ForbiddenError = createError('FORBIDDEN', '%s', 403)
export const ObjectNotFoundError = createError('OBJECT_NOT_FOUND', 'There is no file with this object key.', 404)
export const RouteNotFoundError = createError('ROUTE_NOT_FOUND', 'There is no such route.', 404)
export const ReconciliationNotFoundError = createError('RECONCILIATION_NOT_FOUND', 'The organisation was never reconciled on request.', 404)
export const ReconcileRunningError = createError('RECONCILE_RUNNING', 'A reconcile of the organisation is running already.', 409)
export const RequestTimeoutError = createError('REQUEST_TIMEOUT', 'The request did not arrive in time.', 408)
export const PreconditionFailedError = createError('PRECONDITION_FAILED', 'The file is not in the state that the request asks for.', 412)
export const BodyTooLargeError = createError('BODY_TOO_LARGE', 'The request body is larger than this route accepts.', 413)
export const UnsupportedMediaTypeError = createError('UNSUPPORTED_MEDIA_TYPE', 'This route accepts application/json only.', 415)
export const RangeNotSatisfiableError = createError('RANGE_NOT_SATISFIABLE', 'The file has no bytes in the range asked for.', 416)
export const TooManyRequestsError = createError('TOO_MANY_REQUESTS', 'This client has done this too often: try again after the time in Retry-After.', 429)
export const HeadersTooLargeError = createError('HEADERS_TOO_LARGE', 'The URL and the headers are larger than 16 KiB.', 431)
export const InternalError = createError('INTERNAL_ERROR', 'Something went wrong on our side.', 500)
export const UsageOutOfRangeError = createError('USAGE_OUT_OF_RANGE', 'A sum exceeds 2^53-1 and cannot be stated exactly as a JSON number.', 500)
export const StoreRefusedError = createError('STORE_REFUSED', 'Object storage refuses this service.', 502)
export const StoreUnavailableError = createError('STORE_UNAVAILABLE', 'Object storage does not answer.', 503)
export const EventsNotAppliedError = createError('EVENTS_NOT_APPLIED', 'The events could not be applied now: send them again.', 503)
export const OverloadedError = createError('OVERLOADED', 'The service has too much to do.', 503)
export const TokenKeysUnavailableError = createError('TOKEN_KEYS_UNAVAILABLE', 'The keys that tokens are verified with cannot be fetched.', 503)
export const DatabaseUnavailableError = createError('DATABASE_UNAVAILABLE', 'The database does not answer.', 503)
export const QuotaExceededError = createError('QUOTA_EXCEEDED', 'The organisation\'s quota leaves no room for this file.', 507)

const errors = [
  InvalidRequestError, SizeRequiredError, QuotaExceededError,
  TokenRequiredError, TokenInvalidError, ForbiddenError, ObjectNotFoundError, RouteNotFoundError,
  ReconciliationNotFoundError, ReconcileRunningError, RequestTimeoutError, HeadersTooLargeError,
  PreconditionFailedError, BodyTooLargeError, UnsupportedMediaTypeError, RangeNotSatisfiableError, TooManyRequestsError,
  InternalError,
  UsageOutOfRangeError, StoreRefusedError, StoreUnavailableError, EventsNotAppliedError,
  OverloadedError, TokenKeysUnavailableError, DatabaseUnavailableError,
] as const

export type DeclaredError = InstanceType<(typeof errors)[number]>
export type ErrorCode = DeclaredError['code']

/** Every error by its code. */
export const declaredErrors = new Map(errors.map((ErrorClass) => [new ErrorClass().code, ErrorClass]))

export const ErrorCodeSchema = Type.Unsafe<ErrorCode>({
  type: 'string',
  enum: [...declaredErrors.keys()],
  description: 'What went wrong, for programs: stable across releases.',
})

/** The one shape of every error answer. */
export const ErrorBodySchema = Type.Object({
  statusCode: Type.Integer({ description: 'The HTTP status, repeated.' }),
  code: ErrorCodeSchema,
  error: Type.String({ description: 'The name of the HTTP status.' }),
  message: Type.String({ description: 'What went wrong, for people.' }),
}, {
  $id: 'ErrorBody',
  description: 'Every error has this shape.',
  examples: [{
    statusCode: 404, code: 'OBJECT_NOT_FOUND', error: 'Not Found', message: 'There is no file with this object key.',
  }],
})
export type ErrorBody = Static<typeof ErrorBodySchema>

/** Whether an error is one of those above, and so may be answered as it is. */
export function isDeclaredError (error: unknown): error is DeclaredError {
  return errors.some((declared) => error instanceof declared)
}

/** The answer that a declared error is. */
export function errorBody ({ statusCode, code, message }: DeclaredError): ErrorBody {
  return { statusCode, code, error: STATUS_CODES[statusCode] ?? 'Error', message }
}
