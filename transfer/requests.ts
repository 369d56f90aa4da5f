import { DelegateBackoff, ExponentialBackoff, type IBackoff, type IRetryBackoffContext, type RetryPolicy, handleWhen, retry } from 'cockatiel'
import { Agent, type Dispatcher, interceptors, request } from 'undici'
import { readRetryAfter } from '../client/uploads/retries.js'
import { errorCode } from '../errors/error-code.js'
import { TransferStoppedError } from './failures.js'

/** How often a request may fail before it is given up. */
export const ATTEMPTS = 8

const DELAYS = { initialDelay: 500, maxDelay: 30_000 }
/** No wait is longer than this, whatever an answer says. */
const LONGEST_WAIT_MS = 5 * 60_000
const TIMEOUT_MS = 60_000
const transientStatuses = new Set([408, 429, 500, 502, 503, 504])

/** The same request may succeed later. */
export class TransientError extends TransferStoppedError {
  /** How long to wait before asking again, if the answer says so. */
  readonly retryAfterMs: number | undefined

  constructor (message: string, retryAfterMs?: number) {
    super(message)
    this.retryAfterMs = retryAfterMs
  }
}

export function isTransientStatus (statusCode: number): boolean {
  return transientStatuses.has(statusCode)
}

/** Retries after a `TransientError`, with growing delays, or when the answer says to (RFC 9110, 10.2.3). */
export function patiently (): RetryPolicy {
  return retry(handleWhen((error) => error instanceof TransientError), { maxAttempts: ATTEMPTS - 1, backoff })
}

const backoff = new DelegateBackoff<IRetryBackoffContext<unknown>, IBackoff<unknown>>(({ result }, before) => {
  const state = before === undefined ? new ExponentialBackoff(DELAYS).next() : before.next(undefined)
  const told = 'error' in result && result.error instanceof TransientError ? result.error.retryAfterMs : undefined
  return { delay: told === undefined ? state.duration : Math.min(told, LONGEST_WAIT_MS), state }
})

/** Lends connections until the work has ended. They follow redirects, but send a token only to the first request's origin. */
export async function withConnections<Result> (work: (dispatcher: Dispatcher) => Promise<Result>): Promise<Result> {
  const agent = new Agent()
  try {
    return await work(agent.compose(interceptors.redirect({ maxRedirections: 5 })))
  } finally {
    await agent.destroy()
  }
}

export interface Asked {
  method: 'HEAD' | 'GET'
  headers?: Record<string, string>
  dispatcher: Dispatcher
  /** How long the answer may pause, in milliseconds. */
  bodyTimeout?: number
  signal: AbortSignal
}

/**
 * Sends a request.
 *
 * @throws {TransientError} if there is no answer
 */
export async function ask (link: string, options: Asked): Promise<Dispatcher.ResponseData> {
  try {
    return await request(link, { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS, ...options })
  } catch (error) {
    options.signal.throwIfAborted()
    throw new TransientError(`Nothing answers where the file should be (${errorCode(error) || 'no connection'}).`)
  }
}

/** How long an answer says to wait before asking again, in milliseconds. */
export function retryAfterOf ({ headers }: Pick<Dispatcher.ResponseData, 'headers'>): number | undefined {
  const { 'retry-after': value } = headers
  return readRetryAfter({ headers: { get: () => typeof value === 'string' ? value : null } })
}
