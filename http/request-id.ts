import { randomBytes } from 'node:crypto'

// Enough for UUIDs, ULIDs and the ids of the usual proxies; no slash, so that it cannot be an object key.
const requestId = /^[A-Za-z0-9._:=-]{1,128}$/

/**
 * Creates the function that gives each request its id: the one in its `x-request-id` if that has a harmless form, otherwise a
 * new one that is unique across processes.
 */
export function createRequestIds (): (request: { headers: Record<string, string | string[] | undefined> }) => string {
  const prefix = randomBytes(6).toString('base64url')
  let count = 0
  return ({ headers: { 'x-request-id': sent } }) =>
    typeof sent === 'string' && requestId.test(sent) ? sent : `${prefix}-${(count++).toString(36)}`
}
