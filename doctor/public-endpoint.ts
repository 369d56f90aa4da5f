import type { FastifyInstance } from 'fastify'
import { type Finding, failed, ok, warning } from './finding.js'
import { type StoreAnswer, addressOf } from './probe.js'

/** What browsers send as the origin after a redirect to another origin. */
const REDIRECTED_ORIGIN = 'null'

/** Checks whether a download URL leads to the file under the key, in a form that browsers can use. */
export async function * examinePublicEndpoint (app: FastifyInstance, objectKey: string): AsyncGenerator<Finding, undefined> {
  const [disposition, type] = ['attachment; filename="doctor.csv"', 'text/csv; charset=utf-8']
  const url = addressOf(app, app.presign({
    method: 'GET',
    objectKey,
    signedAt: new Date(),
    expiresInSeconds: 60,
    query: { 'response-content-disposition': disposition, 'response-content-type': type },
  }))
  let response: StoreAnswer
  try {
    response = await app.fetchFromStore(url)
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
    ? ok('public-endpoint', 'A download URL works, with the file name and the type that it states.')
    : failed('public-endpoint', 'A download URL works, but its response-content-disposition or response-content-type is not honoured: files would open instead of being saved.')
  yield await examineCrossOrigin(app, url)
  yield await examineUploadCrossOrigin(app, url)
}

/**
 * Checks whether scripts may read what a download URL leads to, from each origin that browsers then send: the service's own,
 * those in CORS_ORIGINS, which also get URLs as JSON, and `null`. The last is what a page of another origin sends after the
 * service has redirected it (Fetch, "HTTP-redirect fetch": a redirect from one origin to another taints a request's origin).
 */
async function examineCrossOrigin (app: FastifyInstance, url: string): Promise<Finding> {
  const refused: string[] = []
  for (const origin of [...originsOfPages(app), REDIRECTED_ORIGIN]) {
    const response = await app.fetchFromStore(url, { headers: { origin } })
    await response.arrayBuffer()
    if (!allows(response, origin)) refused.push(origin)
  }
  return refused.length === 0
    ? ok('cors', 'Scripts of web pages may follow a download\'s redirect.')
    : warning('cors', `Scripts may not read what a download redirects to if their browser names the origin ${refused.join(' or ')}; links work. A page of another origin than the service's is named null after the redirect. If web pages fetch files, allow these origins in the bucket's CORS configuration (GET, HEAD, PUT), or *.`)
}

/**
 * Checks whether scripts of the service's own origin and of CORS_ORIGINS may send files, and read the entity tags of parts,
 * which some (Uppy) must name to complete an upload.
 */
async function examineUploadCrossOrigin (app: FastifyInstance, url: string): Promise<Finding> {
  const refused: string[] = []
  const untagged: string[] = []
  for (const origin of originsOfPages(app)) {
    const preflight = await app.fetchFromStore(url, {
      method: 'OPTIONS',
      headers: {
        origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'content-type,if-none-match',
      },
    })
    await preflight.arrayBuffer()
    if (!preflight.ok || !allows(preflight, origin) || !lists(preflight, 'access-control-allow-methods', 'put')) {
      refused.push(origin)
      continue
    }
    const response = await app.fetchFromStore(url, { headers: { origin } })
    await response.arrayBuffer()
    if (!lists(response, 'access-control-expose-headers', 'etag')) untagged.push(origin)
  }
  if (refused.length > 0) {
    return warning('cors-upload', `Scripts of ${refused.join(' or ')} may not send files. If web pages upload, allow these origins in the bucket's CORS configuration, with PUT and any header: npm run prepare-bucket -- --origin ….`)
  }
  return untagged.length === 0
    ? ok('cors-upload', 'Scripts of web pages may send files and parts.')
    : warning('cors-upload', `Scripts of ${untagged.join(' or ')} may not read the entity tags of parts, without which some clients, such as Uppy, do not complete an upload: expose ETag in the bucket's CORS configuration (ExposeHeader).`)
}

/** Where pages that use the service come from, as far as its settings say. */
function originsOfPages ({ config }: FastifyInstance): Set<string> {
  const { PUBLIC_URL = 'https://files.example.com', CORS_ORIGINS = '' } = config
  const others = CORS_ORIGINS.split(',').map((origin) => origin.trim()).filter((origin) => origin !== '' && origin !== '*')
  return new Set([new URL(PUBLIC_URL).origin, ...others])
}

function allows ({ headers }: StoreAnswer, origin: string): boolean {
  const allowed = headers.get('access-control-allow-origin')
  return allowed === '*' || allowed === origin
}

/** Whether a header lists a name; `*` is every one, since no credentials are sent. */
function lists ({ headers }: StoreAnswer, header: string, name: string): boolean {
  const names = (headers.get(header) ?? '').toLowerCase().split(',').map((each) => each.trim())
  return names.includes(name) || names.includes('*')
}
