import { STATUS_CODES, maxHeaderSize } from 'node:http'
import { format } from 'node:util'
import createError, { FastifyError } from '@fastify/error'
import { type Static, Type } from '@sinclair/typebox'

interface ErrorEntry {
  status: number
  /** For people. It never repeats input, which may contain an object key: a secret. `%s` is replaced by a detail. */
  message: string
  /** When it is answered, in the words of the documentation. */
  meaning: string
  /** The detail in the message of the documentation's examples. */
  exampleDetail?: string
  /** When to retry, if nothing more specific is known. */
  retryAfterSeconds?: number
}

/** Every error that the service answers with, by its code. Classes, types and documentation are derived from this. */
const entries = {
  INVALID_REQUEST: {
    status: 400,
    message: '%s',
    meaning: 'a parameter or the body is missing, malformed or unknown',
    exampleDetail: 'querystring must NOT have additional properties.',
  },
  SIZE_REQUIRED: {
    status: 400,
    message: 'The organisation has a quota: an upload must state its sizeBytes.',
    meaning: 'the organisation has a quota, and the upload does not state its size',
  },
  QUOTA_EXCEEDED: {
    status: 507,
    message: 'The organisation\'s quota leaves no room for this file.',
    meaning: 'the organisation\'s quota leaves no room for the file',
  },
  TOKEN_REQUIRED: {
    status: 401,
    message: 'A bearer token is required in the Authorization header.',
    meaning: 'there is no bearer token',
  },
  TOKEN_INVALID: {
    status: 401,
    message: 'The bearer token is not valid: %s.',
    meaning: 'the bearer token is malformed, expired or wrongly signed, or lacks a claim',
    exampleDetail: 'it has expired',
  },
  SIGNATURE_INVALID: {
    status: 401,
    message: 'The message is not accepted: %s.',
    meaning: 'a message of Amazon SNS is not signed, is wrongly signed, or comes from a topic that is not configured',
    exampleDetail: 'its signature is wrong',
  },
  FORBIDDEN: {
    status: 403,
    message: '%s',
    meaning: 'the token\'s user may not do this',
    exampleDetail: 'Only an admin may ask for another user\'s usage.',
  },
  OBJECT_NOT_FOUND: {
    status: 404,
    message: 'There is no file with this object key.',
    meaning: 'there is no file with this object key, or the key is not of this service\'s form',
  },
  ROUTE_NOT_FOUND: {
    status: 404,
    message: 'There is no such route.',
    meaning: 'there is no such route',
  },
  RECONCILIATION_NOT_FOUND: {
    status: 404,
    message: 'No reconcile of the organisation was ever requested.',
    meaning: 'no reconcile of the organisation was ever requested',
  },
  SHARE_NOT_FOUND: {
    status: 404,
    message: 'There is no such share link, or it has ended.',
    meaning: 'the share link is not one that was made here, has ended, was revoked, or its file is gone; or, for an id, ' +
      'none of the caller\'s links has it',
  },
  RECONCILE_RUNNING: {
    status: 409,
    message: 'A reconcile of the organisation is running already.',
    meaning: 'a reconcile of the organisation is running already',
  },
  REQUEST_TIMEOUT: {
    status: 408,
    message: 'The request did not arrive in time.',
    meaning: 'the request did not arrive within a minute',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    message: `The URL and the headers, a token among them, are larger than ${maxHeaderSize / 1024} KiB.`,
    meaning: `the URL and the headers, a token among them, are larger than ${maxHeaderSize / 1024} KiB`,
  },
  UPLOAD_NOT_FOUND: {
    status: 404,
    message: 'There is no such upload, or it has ended.',
    meaning: 'the upload\'s id is not one that this user was given, or the upload was aborted or given up',
  },
  UPLOAD_COMPLETED: {
    status: 409,
    message: 'The upload is complete: it is a file now.',
    meaning: 'the upload is complete: it is a file now',
  },
  UPLOAD_INCOMPLETE: {
    status: 409,
    message: 'The parts do not make up the file that was stated: %s. Send that part, and complete the upload again.',
    meaning: 'the parts that have arrived do not make up the file that was stated; once they do, the upload can be completed',
    exampleDetail: 'part 3 of 7 has not arrived',
  },
  OPEN_UPLOADS_EXCEEDED: {
    status: 409,
    message: 'You have reserved too much for uploads that have not arrived: complete or abort some first.',
    meaning: 'the user has reserved too much of the quota for uploads that have not arrived',
  },
  PRECONDITION_FAILED: {
    status: 412,
    message: 'The file is not in the state that the request asks for.',
    meaning: 'the file is not in the state that If-Match or If-Unmodified-Since asks for',
  },
  BODY_TOO_LARGE: {
    status: 413,
    message: 'The request body is larger than this route accepts.',
    meaning: 'the request\'s body is larger than 1 MiB',
  },
  ARCHIVE_TOO_LARGE: {
    status: 413,
    message: 'An archive holds at most 100,000 files: ask for a folder, or only for inputs or outputs.',
    meaning: 'the archive would have more than 100,000 files',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    message: 'This route accepts only application/json.',
    meaning: 'there is a body, and it is not application/json',
  },
  RANGE_NOT_SATISFIABLE: {
    status: 416,
    message: 'The file has no bytes in the range asked for.',
    meaning: 'the file has no bytes in the range asked for; Content-Range gives its size',
  },
  EVENTS_NOT_UNDERSTOOD: {
    status: 422,
    message: 'The body is not a bucket notification of any known form.',
    meaning: 'the body is not JSON, or not a bucket notification in a known form; none of it is kept',
  },
  TOO_MANY_REQUESTS: {
    status: 429,
    message: 'This client has done this too often: try again after the time in Retry-After.',
    meaning: 'the client has done this too often, or sent too many invalid tokens',
  },
  INTERNAL_ERROR: {
    status: 500,
    message: 'Something went wrong on our side.',
    meaning: 'a fault of the service',
  },
  USAGE_OUT_OF_RANGE: {
    status: 500,
    message: 'A sum exceeds 2^53-1 and cannot be stated exactly as a JSON number.',
    meaning: 'a sum exceeds 2^53−1, which a JSON number cannot hold exactly',
  },
  SHARES_NOT_CONFIGURED: {
    status: 501,
    message: 'There are no share links here: SERVICE_SECRET is not set.',
    meaning: 'there are no share links, since the service has no secret of its own',
  },
  STORE_REFUSED: {
    status: 502,
    message: 'Object storage refuses this service.',
    meaning: 'object storage refuses this service, because of its credentials, its clock or its bucket',
  },
  STORE_UNAVAILABLE: {
    status: 503,
    message: 'Object storage does not answer.',
    meaning: 'object storage does not answer',
    retryAfterSeconds: 2,
  },
  EVENTS_NOT_APPLIED: {
    status: 503,
    message: 'The events could not be applied now: send them again.',
    meaning: 'the events could not be applied now: send them again',
    retryAfterSeconds: 2,
  },
  OVERLOADED: {
    status: 503,
    message: 'The service has too much to do.',
    meaning: 'the service has too much to do',
    retryAfterSeconds: 2,
  },
  TOKEN_KEYS_UNAVAILABLE: {
    status: 503,
    message: 'The keys that tokens are verified with cannot be fetched.',
    meaning: 'the keys that tokens are verified with cannot be fetched',
    // For so long, an identity provider that has failed to answer is not asked again.
    retryAfterSeconds: 5,
  },
  ARCHIVES_BUSY: {
    status: 503,
    message: 'This service is already sending as many archives as it may at once.',
    meaning: 'as many archives are being sent as `ARCHIVES_AT_ONCE` allows',
    retryAfterSeconds: 5,
  },
  ARCHIVE_CHANGED: {
    status: 503,
    message: 'A file of the archive has just changed.',
    meaning: 'a file of the archive has just changed, and the change is being counted',
    retryAfterSeconds: 1,
  },
  DATABASE_UNAVAILABLE: {
    status: 503,
    message: 'The database does not answer.',
    meaning: 'the database does not answer',
    retryAfterSeconds: 2,
  },
  NOT_READY: {
    status: 503,
    message: 'The files that were stored before this version are still being counted in their runs.',
    meaning: 'after an update, the files that were stored before it are still being counted in their runs',
    retryAfterSeconds: 10,
  },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof entries
export const errorTable: Readonly<Record<ErrorCode, ErrorEntry>> = entries
export const errorCodes: readonly ErrorCode[] = Object.keys(entries).filter(isErrorCode)

export const InvalidRequestError = errorClass('INVALID_REQUEST')
export const SizeRequiredError = errorClass('SIZE_REQUIRED')
export const QuotaExceededError = errorClass('QUOTA_EXCEEDED')
export const TokenRequiredError = errorClass('TOKEN_REQUIRED')
export const TokenInvalidError = errorClass('TOKEN_INVALID')
export const SignatureInvalidError = errorClass('SIGNATURE_INVALID')
export const ForbiddenError = errorClass('FORBIDDEN')
export const ObjectNotFoundError = errorClass('OBJECT_NOT_FOUND')
export const RouteNotFoundError = errorClass('ROUTE_NOT_FOUND')
export const ReconciliationNotFoundError = errorClass('RECONCILIATION_NOT_FOUND')
export const ShareNotFoundError = errorClass('SHARE_NOT_FOUND')
export const ReconcileRunningError = errorClass('RECONCILE_RUNNING')
export const RequestTimeoutError = errorClass('REQUEST_TIMEOUT')
export const HeadersTooLargeError = errorClass('HEADERS_TOO_LARGE')
export const UploadNotFoundError = errorClass('UPLOAD_NOT_FOUND')
export const UploadCompletedError = errorClass('UPLOAD_COMPLETED')
export const UploadIncompleteError = errorClass('UPLOAD_INCOMPLETE')
export const OpenUploadsExceededError = errorClass('OPEN_UPLOADS_EXCEEDED')
export const PreconditionFailedError = errorClass('PRECONDITION_FAILED')
export const BodyTooLargeError = errorClass('BODY_TOO_LARGE')
export const ArchiveTooLargeError = errorClass('ARCHIVE_TOO_LARGE')
export const UnsupportedMediaTypeError = errorClass('UNSUPPORTED_MEDIA_TYPE')
export const RangeNotSatisfiableError = errorClass('RANGE_NOT_SATISFIABLE')
export const EventsNotUnderstoodError = errorClass('EVENTS_NOT_UNDERSTOOD')
export const TooManyRequestsError = errorClass('TOO_MANY_REQUESTS')
export const InternalError = errorClass('INTERNAL_ERROR')
export const UsageOutOfRangeError = errorClass('USAGE_OUT_OF_RANGE')
export const SharesNotConfiguredError = errorClass('SHARES_NOT_CONFIGURED')
export const StoreRefusedError = errorClass('STORE_REFUSED')
export const StoreUnavailableError = errorClass('STORE_UNAVAILABLE')
export const EventsNotAppliedError = errorClass('EVENTS_NOT_APPLIED')
export const OverloadedError = errorClass('OVERLOADED')
export const TokenKeysUnavailableError = errorClass('TOKEN_KEYS_UNAVAILABLE')
export const ArchivesBusyError = errorClass('ARCHIVES_BUSY')
export const ArchiveChangedError = errorClass('ARCHIVE_CHANGED')
export const DatabaseUnavailableError = errorClass('DATABASE_UNAVAILABLE')
export const NotReadyError = errorClass('NOT_READY')

function errorClass<Code extends ErrorCode> (code: Code) {
  const { message, status } = entries[code]
  // A refusal says all that there is to know. Taking a stack for it costs a twentieth of the processor's time of a 404.
  return createError(code, message, status, Error, status >= 500)
}

export type DeclaredError = InstanceType<ReturnType<typeof errorClass<ErrorCode>>>

export const ErrorCodeSchema = Type.Unsafe<ErrorCode>({
  type: 'string',
  enum: [...errorCodes],
  description: 'What went wrong, for programs: stable across releases.',
})

/** The body of every error response. */
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

/** Whether an error is one of those in the table, and so may be sent as it is. */
export function isDeclaredError (error: unknown): error is DeclaredError {
  return error instanceof FastifyError && isErrorCode(error.code)
}

function isErrorCode (code: string): code is ErrorCode {
  return Object.hasOwn(entries, code)
}

/** The body that a declared error is answered with. */
export function errorBody ({ statusCode, code, message }: DeclaredError): ErrorBody {
  return { statusCode, code, error: STATUS_CODES[statusCode] ?? 'Error', message }
}

/** The body that the documentation shows for an error. */
export function exampleErrorBody (code: ErrorCode): ErrorBody {
  const { status, message, exampleDetail = '' } = errorTable[code]
  return {
    statusCode: status, code, error: STATUS_CODES[status] ?? 'Error', message: exampleDetail === '' ? message : format(message, exampleDetail),
  }
}
