import type { IncomingMessage, ServerResponse } from 'node:http'

const EXPOSED = 'Accept-Ranges, Content-Disposition, Content-Encoding, Content-Length, Content-Range, ETag, Last-Modified, x-amz-request-id'
const PREFLIGHT_SECONDS = 3600

/**
 * Lets scripts of any origin read the answers (Fetch, "CORS protocol"): a request's permission is its signature, which no
 * browser adds by itself. Answers a preflight, which is never signed.
 *
 * @returns whether the request was a preflight, and has therefore been answered
 */
export function allowEveryOrigin ({ method, headers }: IncomingMessage, response: ServerResponse): boolean {
  if (headers.origin === undefined) return false
  response.setHeader('Access-Control-Allow-Origin', '*')
  response.setHeader('Access-Control-Expose-Headers', EXPOSED)
  if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return false
  response.writeHead(204, {
    'Access-Control-Allow-Methods': 'GET, HEAD, PUT',
    'Access-Control-Allow-Headers': headers['access-control-request-headers'] ?? '*',
    'Access-Control-Max-Age': PREFLIGHT_SECONDS,
  }).end()
  return true
}
