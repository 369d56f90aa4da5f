import type { FastifyInstance } from 'fastify'
import { type Finding, failed, ok, warning } from './finding.js'
import { REQUEST_TIMEOUT_MS } from './probe.js'

/** Whether a download URL of the file under the key leads to it, as a browser must get it. */
export async function * examinePublicEndpoint (app: FastifyInstance, objectKey: string): AsyncGenerator<Finding, undefined> {
  const origin = app.config.PUBLIC_URL === undefined ? 'https://files.example.com' : new URL(app.config.PUBLIC_URL).origin
  const [disposition, type] = ['attachment; filename="doctor.csv"', 'text/csv; charset=utf-8']
  let response: Response
  try {
    response = await fetch(app.presign({
      method: 'GET',
      objectKey,
      signedAt: new Date(),
      expiresInSeconds: 60,
      query: { 'response-content-disposition': disposition, 'response-content-type': type },
    }), { headers: { origin }, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) })
    await response.arrayBuffer()
  } catch {
    yield failed('public-endpoint', 'The address that download URLs lead to does not answer from here: check S3_PUBLIC_ENDPOINT, and whatever stands before the object storage.')
    return
  }
  if (response.status !== 200) {
    yield failed('public-endpoint', `A download URL is answered with status ${response.status}: the Host header must reach the object storage unchanged, and S3_REGION must be its own.`)
    return
  }
  yield response.headers.get('content-disposition') === disposition && response.headers.get('content-type') === type
    ? ok('public-endpoint', 'A download URL works, with the file name and the type that it says.')
    : failed('public-endpoint', 'A download URL works, but its response-content-disposition or response-content-type is not honoured: files would open instead of being saved.')
  const allowed = response.headers.get('access-control-allow-origin')
  yield allowed === '*' || allowed === origin
    ? ok('cors', `Scripts of ${origin} may follow a download's redirect.`)
    : warning('cors', `Scripts of ${origin} may not read what a download redirects to; links work. If web pages fetch files, allow their origin in the bucket's CORS configuration (GET, HEAD, PUT).`)
}
