import type { FastifyInstance } from 'fastify'
import { encodePath } from '../http/percent-encoding.js'
import { type Finding, failed, ok, warning } from './finding.js'
import { addressOf, mintProbeKey, sendAsService } from './probe.js'

const BODY = 'Put by the doctor.'
const SIGNED_HEADERS = { 'content-type': 'text/plain', 'content-length': String(BODY.length) }
const ADVICE = 'sign uploads with S3_UPLOAD_ACCESS_KEY and S3_UPLOAD_SECRET_KEY, which may put files and nothing else (docs/production.md).'

/** A use of an upload URL that goes beyond what it was signed for. */
interface Misuse {
  /** Headers that the signature does not cover, or different values for those that it covers. */
  headers?: Record<string, string>
  body?: string
}

/** What is under a key after its upload. */
interface Outcome {
  isThere: boolean
  sizeBytes: number
  isPublic: boolean
}

/**
 * Checks whether an upload URL allows what it is signed for and no more. Each attempt has its own key, whose file is removed
 * again.
 *
 * @param sourceKey of an existing file that is bigger than what is uploaded
 */
export async function * examineUploads (app: FastifyInstance, sourceKey: string): AsyncGenerator<Finding, undefined> {
  const plain = await upload(app, {})
  if (!plain.isThere) {
    yield failed('upload', 'An upload URL stores no file that the service can read: check S3_PUBLIC_ENDPOINT, and that S3_UPLOAD_ACCESS_KEY may put files into the bucket (s3:PutObject).')
    return
  }
  yield ok('upload', 'An upload URL stores a file.')

  const { bucket, keyPrefix = '' } = app.storeTarget
  const copied = await upload(app, { headers: { 'x-amz-copy-source': `/${bucket}/${encodePath(keyPrefix + sourceKey)}` } })
  yield copied.isThere && copied.sizeBytes !== BODY.length
    ? failed('upload-copy', `Anyone with an upload URL can copy other files with it, of whatever size, by a header that the object storage accepts unsigned (x-amz-copy-source): ${ADVICE}`)
    : ok('upload-copy', 'An upload URL copies no other file.')

  const opened = await upload(app, { headers: { 'x-amz-acl': 'public-read' } })
  yield opened.isPublic
    ? warning('upload-acl', 'Anyone with an upload URL can make its file public, by a header that the object storage ' +
      'accepts unsigned (x-amz-acl): let the bucket ignore public ACLs (docs/production.md).')
    : ok('upload-acl', 'An upload URL makes no file public.')

  const retyped = await upload(app, { headers: { 'content-type': 'text/html' } })
  yield retyped.isThere
    ? failed('upload-type', 'An upload URL accepts a file of another type than it is signed for: a proxy in front of the ' +
      'object storage must pass Content-Type on unchanged.')
    : ok('upload-type', 'An upload URL accepts no other type.')

  const bigger = await upload(app, { headers: { 'content-length': String(BODY.length + 1) }, body: `${BODY}!` })
  yield bigger.isThere
    ? failed('upload-size', 'An upload URL accepts a file of another size than it is signed for, so quotas cannot be relied ' +
      'on.')
    : ok('upload-size', 'An upload URL accepts no other size.')
}

/**
 * Uses an upload URL, looks at the result, and removes it again. If the store drops the connection, the file that exists then
 * decides.
 */
async function upload (app: FastifyInstance, { headers = {}, body = BODY }: Misuse): Promise<Outcome> {
  const objectKey = mintProbeKey()
  const signedAt = new Date()
  const url = addressOf(app, app.presignUpload({ method: 'PUT', objectKey, signedAt, expiresInSeconds: 60, headers: SIGNED_HEADERS }))
  try {
    await app.fetchFromStore(url, { method: 'PUT', headers: { ...SIGNED_HEADERS, ...headers }, body }).then((response) => response.arrayBuffer(), () => {})
    const stored = await sendAsService(app, { method: 'HEAD', objectKey })
    const address = new URL(url)
    address.search = ''
    const anonymous = await app.fetchFromStore(address)
    await anonymous.arrayBuffer()
    return {
      isThere: stored.status === 200,
      sizeBytes: Number(stored.headers.get('content-length')),
      isPublic: anonymous.status === 200,
    }
  } finally {
    await sendAsService(app, { method: 'DELETE', objectKey })
  }
}
