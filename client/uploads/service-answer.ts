import type { ErrorBody } from '../create-client.js'
import { type Patience, inTime, readRetryAfter, retrying } from './retries.js'
import { UploadError } from './upload-error.js'

const transientStatuses = new Set([408, 429, 500, 502, 503, 504])
// These have a transient error's status, but last until somebody corrects something.
const lastingCodes = new Set(['STORE_REFUSED', 'USAGE_OUT_OF_RANGE'])

interface ServiceAnswer<Data> {
  data?: Data
  error?: ErrorBody
  response: Response
}

/** Sends a request to the service; called for every attempt. */
type ServiceRequest<Data> = (signal: AbortSignal) => Promise<ServiceAnswer<Data>>

/**
 * Asks the service, with retries.
 *
 * @throws {UploadError} with the service's code
 */
export async function askService<Data> (patience: Patience, request: ServiceRequest<Data>): Promise<NonNullable<Data>> {
  return await retrying(patience, () => askOnce(patience, request))
}

/**
 * Asks the service once.
 *
 * @throws {UploadError} with the service's code
 */
export async function askOnce<Data> (patience: Patience, request: ServiceRequest<Data>): Promise<NonNullable<Data>> {
  const { data, error, response } = await inTime(patience, 0, request).catch((cause: unknown) => {
    throw new UploadError('NETWORK_FAILED', 'The service does not answer.', { isTransient: true, cause })
  })
  const { ok, status } = response
  if (ok && data !== undefined && data !== null) return data
  // Something in between may answer, without the service's JSON.
  const { code = 'UNEXPECTED_ANSWER', message = `The service's address answers with status ${status}.` } = error ?? {}
  throw new UploadError(code, message, {
    status, isTransient: transientStatuses.has(status) && !lastingCodes.has(code), retryAfterMs: readRetryAfter(response),
  })
}
