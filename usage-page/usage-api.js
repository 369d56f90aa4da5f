/**
 * @import { StorageUsage } from '../schemas/storage-usage.js'
 * @import { UsageHistory } from '../schemas/usage-history.js'
 */

const TIMEOUT_MS = 30_000
const DAY_MS = 86_400_000
const objects = new URL('../api/v1/objects/', import.meta.url)

/** The API returned no figures; the message tells people why. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number | undefined} statusCode undefined without an answer
   */
  constructor (message, statusCode) {
    super(message)
    this.name = 'ApiError'
    this.statusCode = statusCode
  }
}

/**
 * Reads what the token's organisation, or one of its users, stores.
 *
 * @param {string} token
 * @param {string | undefined} createdBy user id
 * @param {AbortSignal} signal
 * @returns {Promise<StorageUsage>}
 * @throws {ApiError}
 */
export async function readStorageUsage (token, createdBy, signal) {
  const query = createdBy === undefined ? '' : `?createdBy=${encodeURIComponent(createdBy)}`
  return JSON.parse(await read(`storage-usage${query}`, token, signal))
}

/**
 * Reads what the token's organisation stored day by day, up to today.
 *
 * @param {string} token
 * @param {number} dayCount
 * @param {AbortSignal} signal
 * @returns {Promise<UsageHistory>}
 * @throws {ApiError}
 */
export async function readUsageHistory (token, dayCount, signal) {
  const from = new Date(Date.now() - (dayCount - 1) * DAY_MS).toISOString().slice(0, 10)
  return JSON.parse(await read(`storage-usage/history?from=${from}`, token, signal))
}

/**
 * @param {string} path
 * @param {string} token
 * @param {AbortSignal} signal
 * @returns {Promise<string>}
 */
async function read (path, token, signal) {
  let answer
  let body
  try {
    answer = await fetch(new URL(path, objects), {
      headers: { accept: 'application/json', authorization: `Bearer ${token}` },
      credentials: 'omit',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    })
    body = await answer.text()
  } catch {
    signal.throwIfAborted()
    throw new ApiError(navigator.onLine ? 'The service does not answer.' : 'You are offline.', undefined)
  }
  if (!answer.ok) throw new ApiError(messageOf(body) ?? `The service answered with the status ${answer.status}.`, answer.status)
  return body
}

/**
 * The message of an error from the service; one from a proxy has none.
 *
 * @param {string} body
 * @returns {string | undefined}
 */
function messageOf (body) {
  try {
    /** @type {{ message?: string }} */
    const { message } = JSON.parse(body)
    return message
  } catch {
    return undefined
  }
}
