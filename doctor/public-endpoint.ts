import type { FastifyInstance } from 'fastify'
import { type Finding, failed, ok, warning } from './finding.js'
import { REQUEST_TIMEOUT_MS, addressOf } from './probe.js'

/** How browsers name the origin of a page that another origin has redirected. */
const REDIRECTED_ORIGIN = 'null'

/** Whether a download URL of the file under the key leads to it, as a browser must get it. */
export async function * examinePublicEndpoint (app: FastifyInstance, objectKey: string): AsyncGenerator<Finding, undefined> {
  const [disposition, type] = ['attachment; filename="doctor.csv"', 'text/csv; charset=utf-8']
  const url = addressOf(app, app.presign({
    method: 'GET',
    objectKey,
    signedAt: new Date(),
    expiresInSeconds: 60,
    query: { 'response-content-disposition': disposition, 'response-content-type': type },
  }))
  let response: Response
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) })
    await response.arrayBuffer()
  } catch {
    yield failed('public-endpoint', 'The address that download URLs lead to does not answer from here: check S3_PUBLIC_ENDPOINT, and any proxy in front of the object storage.')
    return
  }
  if (response.status !== 200) {
    yield failed('public-endpoint', `A download URL is answered with status ${response.status}: the Host header must reach the object storage unchanged, and S3_REGION must be its own.`)
    return
  }
  yield response.headers.get('content-disposition') === disposition && response.headers.get('content-type') === type
    ? ok('public-endpoint', 'A download URL works, with the file name and the type that it says.')
    : failed('public-endpoint', 'A download URL works, but its response-content-disposition or response-content-type is not honoured: files would open instead of being saved.')
  yield await examineCrossOrigin(app, url)
}

/**
 * Whether scripts may read what a download URL leads to, from each origin that browsers then name: the service's own, those of
 * CORS_ORIGINS, which also get URLs as JSON, and `null`. That is what a page of another origin sends where the service has
 * redirected it (Fetch, "HTTP-redirect fetch": a redirect from one origin to another taints a request's origin).
 */
async function examineCrossOrigin ({ config }: FastifyInstance, url: string): Promise<Finding> {
  const { PUBLIC_URL = 'https://files.example.com', CORS_ORIGINS = '' } = config
  const others = CORS_ORIGINS.split(',').map((origin) => origin.trim()).filter((origin) => origin !== '' && origin !== '*')
  const refused: string[] = []
  for (const origin of new Set([new URL(PUBLIC_URL).origin, ...others, REDIRECTED_ORIGIN])) {
    const response = await fetch(url, { headers: { origin }, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) })
    await response.arrayBuffer()
    const allowed = response.headers.get('access-control-allow-origin')
    if (allowed !== '*' && allowed !== origin) refused.push(origin)
  }
  return refused.length === 0
    ? ok('cors', 'Scripts of web pages may follow a download\'s redirect.')
    : warning('cors', `Scripts may not read what a download redirects to where their browser names the origin ${refused.join(' or ')}; links work. A page of another origin than the service's is named null after the redirect. If web pages fetch files, allow these origins in the bucket's CORS configuration (GET, HEAD, PUT), or *.`)
}
