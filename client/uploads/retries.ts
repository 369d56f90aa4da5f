import { UploadError } from './upload-error.js'

const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 30_000
/** A connection that is slower than this is considered broken. */
const SLOWEST_BYTES_PER_SECOND = 16 * 1024

/** How requests are repeated, and when they end. */
export interface Patience {
  attempts: number
  timeoutMs: number
  signal: AbortSignal
}

/**
 * Repeats an attempt while it fails transiently: after delays that double, with jitter so that clients which failed together do
 * not return together, or when the answer says to (RFC 9110, 10.2.3).
 *
 * @throws the last failure, or the signal's reason
 */
export async function retrying<Result> ({ attempts, signal }: Patience, attempt: () => Promise<Result>): Promise<Result> {
  for (let count = 1; ; count++) {
    signal.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof UploadError && error.isTransient) || count >= attempts) throw error
      const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (count - 1))
      await delay(error.retryAfterMs ?? longest * (0.5 + Math.random() / 2), signal)
    }
  }
}

/**
 * Ends a request that takes too long.
 *
 * @param sentBytes how much the request sends
 */
export async function inTime<Result> (
  { timeoutMs, signal }: Patience, sentBytes: number, request: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const ending = new AbortController()
  const abort = () => { ending.abort(signal.reason) }
  signal.addEventListener('abort', abort)
  const timer = setTimeout(() => {
    ending.abort(new DOMException('The request took too long.', 'TimeoutError'))
  }, timeoutMs + sentBytes / SLOWEST_BYTES_PER_SECOND * 1000)
  try {
    signal.throwIfAborted()
    return await request(ending.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}

/** Reads Retry-After, in either form; undefined if there is none, or it is malformed. */
export function readRetryAfter ({ headers }: { headers: { get: (name: string) => string | null } }): number | undefined {
  const value = headers.get('retry-after')
  if (value === null) return undefined
  const waitMs = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs)
}

async function delay (delayMs: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, delayMs)
    signal.addEventListener('abort', end)
  })
}
