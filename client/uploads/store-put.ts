import { type Patience, inTime, readRetryAfter } from './retries.js'
import { UploadError } from './upload-error.js'

interface StorePut {
  /** Pre-signed: a secret, and used without the token. */
  url: string
  headers?: Record<string, string>
  body: Blob
  fetch: typeof globalThis.fetch
}

// 409 is a conflict with another request that has just ended (Amazon S3, ConditionalRequestConflict).
const transientStatuses = new Set([408, 409, 429, 500, 502, 503, 504])

/**
 * Puts a file or a part into the storage, in a single attempt.
 *
 * @returns its entity tag, without quotes; null if the storage's CORS configuration hides it
 * @throws {UploadError} PRECONDITION_FAILED if a file already exists, UPLOAD_NOT_FOUND if what the URL leads to is gone, and
 *   STORE_REFUSED if the URL is not accepted, for example because it has expired
 */
export async function putToStore (patience: Patience, { url, headers = {}, body, fetch }: StorePut): Promise<string | null> {
  const response = await inTime(patience, body.size, async (signal) => {
    // Otherwise Node.js would keep the whole body in memory, to send it again after a redirect or after a window has asked for
    // credentials (undici 6, httpNetworkOrCacheFetch).
    const answer = await fetch(url, { method: 'PUT', headers, body, signal, credentials: 'omit', redirect: 'error', window: null })
    // The connection is used again only once the answer has been read.
    await answer.arrayBuffer()
    return answer
  }).catch(async (cause: unknown) => {
    await expectReadable(body)
    throw new UploadError('NETWORK_FAILED', 'The storage does not answer, or does not allow this page to read its answers.', {
      isTransient: true, cause,
    })
  })
  if (response.ok) return response.headers.get('etag')?.replaceAll('"', '') ?? null
  throw refusalOf(response)
}

function refusalOf (response: Response): UploadError {
  const { status } = response
  if (transientStatuses.has(status)) {
    return new UploadError('STORE_UNAVAILABLE', `The storage answers with status ${status}.`, {
      status, isTransient: true, retryAfterMs: readRetryAfter(response),
    })
  }
  if (status === 412) return new UploadError('PRECONDITION_FAILED', 'The storage has a file there already.', { status })
  if (status === 404) return new UploadError('UPLOAD_NOT_FOUND', 'The upload has ended, or the bucket is gone.', { status })
  return new UploadError('STORE_REFUSED', `The storage refuses the bytes with status ${status}.`, { status })
}

/**
 * Distinguishes a file that has changed or is gone from a broken connection: `fetch` throws a TypeError for both.
 *
 * @throws {UploadError} FILE_CHANGED
 */
async function expectReadable (body: Blob): Promise<void> {
  try {
    await body.slice(0, 1).arrayBuffer()
  } catch (cause) {
    throw new UploadError('FILE_CHANGED', 'The file cannot be read: it may have changed, or be gone.', { cause })
  }
}
