import { once } from 'node:events'
import {
  BrokenCircuitError, CircuitState, ConsecutiveBreaker, ExponentialBackoff, bulkhead, circuitBreaker, handleWhen, retry, wrap,
} from 'cockatiel'
import type { Dispatcher } from 'undici'
import { errorCode } from '../errors/error-code.js'
import { addressBucket } from './bucket-address.js'
import { type StoreTransport, directTransport, openDispatcher } from './dispatcher.js'
import { type PresignedRequest, type SigningTarget, createPresign } from './presigning.js'
import { ObjectStorageUnavailable } from './failures.js'

/** Limits on waiting for the object storage, in milliseconds. */
export interface StoreTimeouts {
  connectTimeoutMs: number
  /** From sending the request to the answer's headers, and from those to the first byte of the body. */
  firstByteTimeoutMs: number
  /** Between two bytes of a body, while the reader wants them. The whole body has no limit. */
  idleTimeoutMs: number
}

/** A request to the object storage, before it is signed. */
export interface StoreRequest {
  method: PresignedRequest['method']
  /** Empty for the bucket itself. */
  objectKey: string
  query?: Record<string, string>
  headers?: Record<string, string>
  /** Sent once again with every repetition. By default there is none. */
  body?: string
  /** Ends the request at once, whether the store has answered or not. */
  signal?: AbortSignal
  /** Whether a client may take any amount of time to read the answer's body, which then needs its own connection. */
  streamed?: boolean
}

/** How one attempt at a request went, without naming the object. */
export interface StoreAttempt {
  method: StoreRequest['method']
  /** The answer's status; undefined without an answer. */
  statusCode: number | undefined
  /** Whether the caller aborted it first. */
  isAborted: boolean
  /** Until the answer began; for a streamed one, until its first byte. */
  durationMs: number
}

/** The store's answer; the receiver must read, dump or destroy the body. */
export type StoreResponse = Dispatcher.ResponseData

const METADATA_CONNECTIONS = 64
const RETRIES = 2
const FIRST_RETRY_DELAY_MS = 50
const FAILURES_TO_OPEN = 5
const OPEN_MS = 2_000
const SIGNATURE_SECONDS = 300
// Some stores ask for fewer requests with 429, Amazon S3 with 503.
const failureStatuses = /^(?:5..|429)$/
const transientStatuses = new Set([429, 500, 502, 503, 504])
const transientErrors = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'UND_ERR_SOCKET',
])

class StoreFailure extends Error {
  override name = 'StoreFailure'
  readonly transient: boolean

  constructor (message: string, transient: boolean, options?: ErrorOptions) {
    super(message, options)
    this.transient = transient
  }
}

/**
 * Connections to one bucket. Requests are retried before the first byte if that can help, and a circuit opens when the store
 * keeps failing: requests then fail at once, until a probe every two seconds succeeds.
 *
 * minio-js has neither timeouts nor a way to cancel a request, so these requests do not go through it.
 */
export class StoreConnection {
  /** The prefix of every key in the bucket. Requests are given keys without it. */
  readonly keyPrefix: string
  readonly #presign
  readonly #origin: string
  readonly #firstByteTimeoutMs: number
  readonly #onAttempt: (attempt: StoreAttempt) => void
  // Readers may be slow: if they shared the metadata's connections, a few could hold up every other request.
  readonly #metadataPool: Dispatcher
  readonly #streamPool: Dispatcher
  readonly #circuit = circuitBreaker(handleWhen((error) => error instanceof StoreFailure), {
    breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN), halfOpenAfter: OPEN_MS,
  })

  readonly #retry = retry(handleWhen((error) => error instanceof StoreFailure && error.transient), {
    maxAttempts: RETRIES, backoff: new ExponentialBackoff({ initialDelay: FIRST_RETRY_DELAY_MS }),
  })

  // Requests wait for a connection before they reach the circuit, so that when it opens those that wait fail with it, instead
  // of each waiting for a store that does not answer.
  readonly #retryInTurn = wrap(this.#retry, bulkhead(METADATA_CONNECTIONS, Infinity))

  /** @param onAttempt called for every attempt, including repeated ones */
  constructor (
    target: SigningTarget, timeouts: StoreTimeouts, onAttempt: (attempt: StoreAttempt) => void = () => {},
    transport: StoreTransport = directTransport,
  ) {
    this.#onAttempt = onAttempt
    this.#presign = createPresign(target)
    this.#origin = addressBucket(target).origin
    this.keyPrefix = target.keyPrefix ?? ''
    this.#firstByteTimeoutMs = timeouts.firstByteTimeoutMs
    const options = {
      connectTimeoutMs: timeouts.connectTimeoutMs,
      headersTimeoutMs: timeouts.firstByteTimeoutMs,
      bodyTimeoutMs: timeouts.idleTimeoutMs,
    }
    this.#metadataPool = openDispatcher(this.#origin, transport, { ...options, connections: METADATA_CONNECTIONS })
    this.#streamPool = openDispatcher(this.#origin, transport, options)
  }

  /**
   * Sends a request and returns its answer, whatever its status except 5xx and 429. If a streamed request succeeds, the first
   * byte has arrived.
   *
   * @throws {ObjectStorageUnavailable} if the store does not answer in time, fails, or has just kept failing
   * @throws the signal's reason if it is aborted
   */
  async request (request: StoreRequest): Promise<StoreResponse> {
    try {
      return await (request.streamed === true ? this.#retry : this.#retryInTurn).execute(() => {
        // Only the probe waits for the store; the circuit would make all others wait for the probe.
        if (this.#circuit.state === CircuitState.HalfOpen) throw new BrokenCircuitError()
        return this.#circuit.execute(() => this.#attempt(request))
      }, request.signal)
    } catch (error) {
      request.signal?.throwIfAborted()
      if (error instanceof BrokenCircuitError) {
        throw new ObjectStorageUnavailable('Object storage kept failing: not asked.', OPEN_MS / 1000)
      }
      if (error instanceof StoreFailure) {
        throw new ObjectStorageUnavailable(error.message, OPEN_MS / 1000, { cause: error.cause })
      }
      throw error
    }
  }

  async close (): Promise<void> {
    await Promise.all([this.#metadataPool.destroy(), this.#streamPool.destroy()])
  }

  async #attempt (request: StoreRequest): Promise<StoreResponse> {
    const { method, objectKey, query = {}, headers = {}, body = null, signal, streamed = false } = request
    const startedAtMs = performance.now()
    const tell = (statusCode: number | undefined) => {
      this.#onAttempt({ method, statusCode, isAborted: signal?.aborted === true, durationMs: performance.now() - startedAtMs })
    }
    const url = this.#presign({
      method, objectKey, query, headers: headersToSign(headers), signedAt: new Date(), expiresInSeconds: SIGNATURE_SECONDS,
    })
    let response: StoreResponse
    try {
      response = await (streamed ? this.#streamPool : this.#metadataPool).request({
        origin: this.#origin,
        method,
        path: url.slice(this.#origin.length),
        // A copy: if there is a proxy, undici adds the host to the object that it is given.
        headers: { ...headers },
        body,
        signal: signal ?? null,
        // By default, undici closes the connection after every HEAD, because some servers send a body nevertheless.
        reset: false,
      })
      if (streamed && response.statusCode < 300) await firstByte(response, this.#firstByteTimeoutMs)
    } catch (error) {
      tell(undefined)
      if (signal?.aborted === true || !(error instanceof Error)) throw error
      const code = errorCode(error)
      throw new StoreFailure(`Object storage does not answer: ${code || error.name}.`, transientErrors.has(code), { cause: error })
    }
    tell(response.statusCode)
    if (!failureStatuses.test(String(response.statusCode))) return response
    const storeCode = await readErrorCode(response)
    throw new StoreFailure(`Object storage answers ${response.statusCode} ${storeCode}.`, transientStatuses.has(response.statusCode))
  }
}

/** The headers that S3 accepts only if they are signed. */
function headersToSign (headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-amz-')))
}

/** Resolves when a body has bytes to read, or is known to be empty. */
async function firstByte ({ headers, body }: StoreResponse, timeoutMs: number): Promise<void> {
  if (headers['content-length'] === '0') return
  // Not AbortSignal.timeout, whose timer would outlive the body: in an archive, thousands would pile up.
  const timer = setTimeout(() => { body.destroy(new DOMException('No byte came in time.', 'TimeoutError')) }, timeoutMs)
  try {
    await once(body, 'readable')
  } catch (error) {
    body.on('error', () => {}).destroy()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Reads an answer whose body is a document of the store's own.
 *
 * @throws {ObjectStorageUnavailable} if it is cut off; the signal's reason if it is aborted
 */
export async function readText ({ body }: StoreResponse, signal?: AbortSignal): Promise<string> {
  try {
    return await body.text()
  } catch (error) {
    signal?.throwIfAborted()
    throw new ObjectStorageUnavailable('Object storage broke off an answer.', 0, { cause: error })
  }
}

const ERROR_BODY_MAX_BYTES = 4096
const ERROR_BODY_TIMEOUT_MS = 1_000

/** Reads the error code out of an S3 error response and discards the rest. '' if none arrives soon. */
export async function readErrorCode ({ body }: StoreResponse): Promise<string> {
  const impatience = setTimeout(() => { body.destroy() }, ERROR_BODY_TIMEOUT_MS)
  let text = ''
  try {
    for await (const chunk of body) {
      text += String(chunk)
      if (text.length >= ERROR_BODY_MAX_BYTES) break
    }
  } catch {
    // The error response was cut off: there is no more to learn from it than its status.
  } finally {
    clearTimeout(impatience)
  }
  return /<Code>([A-Za-z0-9]{1,64})<\/Code>/.exec(text)?.[1] ?? ''
}
