import fastifyPlugin from 'fastify-plugin'
import { errorCode } from '../../errors/error-code.js'
import { isDatabaseUnavailable } from '../../db/connection/availability.js'
import { sqlState } from '../../db/connection/sql-state.js'
import { InexactSumError } from '../../db/usage/storage-usage.js'
import { capabilityHeaders } from '../../downloads/headers.js'
import { ObjectStorageRefused, ObjectStorageUnavailable } from '../../store/failures.js'
import {
  BodyTooLargeError, DatabaseUnavailableError, InternalError, InvalidRequestError, OverloadedError,
  QuotaExceededError, RouteNotFoundError, StoreRefusedError, StoreUnavailableError,
  UnsupportedMediaTypeError, UsageOutOfRangeError, type DeclaredError, errorBody, errorTable, isDeclaredError,
} from '../../schemas/errors.js'

const UNDEFINED_TABLE = '42P01'

/**
 * Answers every error in the same shape, with a declared code. What went wrong inside is logged, never sent; the answer to a
 * library's error says at most which part of the request broke which rule, and never repeats the request.
 */
export default fastifyPlugin(async (app) => {
  app.setErrorHandler<Error>((error, request, reply) => {
    // For a moment, a database that came up after this process has no tables yet.
    const isWithoutTables = sqlState(error) === UNDEFINED_TABLE && !app.isDatabaseMigrated()
    const answer = isWithoutTables ? new DatabaseUnavailableError() : declaredErrorFor(error)
    const { statusCode } = answer
    // Under overload each log line adds to the load, and a full quota is not a failure of the service.
    const isExpected = error instanceof OverloadedError || error instanceof QuotaExceededError
    if (error.name === 'AbortError' && reply.raw.destroyed) request.log.info('the client left before it was answered')
    else if (statusCode >= 500 && !isExpected) request.log.error({ err: error }, answer.message)
    const { retryAfterSeconds } = error instanceof ObjectStorageUnavailable ? error : errorTable[answer.code]
    if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds)
    if (statusCode === 401) reply.header('www-authenticate', 'Bearer')
    // A client that cached an error would keep failing, and the URL of a refused request may still contain a key.
    reply.headers({ ...capabilityHeaders, 'cache-control': 'no-store' })
    return reply.status(statusCode).send(errorBody(answer))
  })
  app.setNotFoundHandler(() => { throw new RouteNotFoundError() })
}, { name: 'errors' })

function declaredErrorFor (error: Error): DeclaredError {
  if (isDeclaredError(error)) return error
  if (error instanceof ObjectStorageUnavailable) return new StoreUnavailableError()
  if (error instanceof ObjectStorageRefused) return new StoreRefusedError()
  if (error instanceof InexactSumError) return new UsageOutOfRangeError()
  if (isDatabaseUnavailable(error)) return new DatabaseUnavailableError()
  if ('validation' in error && error.validation !== undefined) return new InvalidRequestError(`${error.message}.`)
  switch (errorCode(error)) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE': return new BodyTooLargeError()
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE': return new UnsupportedMediaTypeError()
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH': return new InvalidRequestError('The body is not valid JSON.')
    default: return errorOfStatus('statusCode' in error ? error.statusCode : undefined)
  }
}

/** The declared error for a library's own error, by the status that it suggests. */
function errorOfStatus (statusCode: unknown): DeclaredError {
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode >= 500) return new InternalError()
  // @fastify/static forbids paths that lead out of its folder; whether one does is not revealed.
  return statusCode === 403 || statusCode === 404 ? new RouteNotFoundError() : new InvalidRequestError('The request cannot be read.')
}
