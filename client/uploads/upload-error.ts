import type { ErrorCode } from '../create-client.js'

/** What ended an upload, for programs: the service's codes, and codes for what only the client can see. */
export type UploadErrorCode = ErrorCode |
  /** There was no answer. This is also all that a page sees if the storage's CORS configuration does not allow its origin. */
  'NETWORK_FAILED' |
  /** Something between answers in the service's place. */
  'UNEXPECTED_ANSWER' |
  /** The file cannot be read, or has changed since the upload began. */
  'FILE_CHANGED' |
  /** There is a file of another size under the key that was minted for this one. */
  'OTHER_FILE_STORED'

interface UploadErrorDetails {
  /** The status of the answer, if there was one. */
  status?: number
  /** Whether the same request may succeed later, as after a lost connection; false by default. */
  isTransient?: boolean
  /** How long the answer says to wait. */
  retryAfterMs?: number | undefined
  cause?: unknown
}

/** Why a file was not uploaded. The message contains neither keys nor URLs. */
export class UploadError extends Error {
  override name = 'UploadError'
  readonly code: UploadErrorCode
  readonly status: number | undefined
  readonly isTransient: boolean
  readonly retryAfterMs: number | undefined

  constructor (code: UploadErrorCode, message: string, details: UploadErrorDetails = {}) {
    const { status, isTransient = false, retryAfterMs, cause } = details
    super(message, cause === undefined ? {} : { cause })
    this.code = code
    this.status = status
    this.isTransient = isTransient
    this.retryAfterMs = retryAfterMs
  }
}

/** Whether an error is an UploadError with this code. */
export function hasCode (error: unknown, code: UploadErrorCode): error is UploadError {
  return error instanceof UploadError && error.code === code
}
