import { type Authentication } from './authentication.js'
import { type StoredObjects } from './stored-objects.js'
import { headersToStore } from './object-headers.js'
import { receivePayload } from './payload.js'
import { S3Error } from './s3-error.js'
import { type S3Request } from './s3-request.js'

/**
 * Carries out PutObject (Amazon S3 API Reference). The object is there when this returns, and not a byte of it before.
 *
 * @returns the entity tag, without quotes
 * @throws {S3Error} PreconditionFailed with `If-None-Match: *` where there is an object; what a payload may lack
 */
export async function putObject (request: S3Request, authentication: Authentication, objects: StoredObjects): Promise<string> {
  const { objectKey } = request
  const headers = headersToStore(request)
  const mustBeNew = readMustBeNew(request)
  if (mustBeNew) objects.requireAbsent(objectKey)

  const file = await objects.createFile()
  try {
    const { md5 } = await receivePayload(request, authentication, (chunk) => file.write(chunk))
    const etag = md5.toString('hex')
    objects.commit(file, { objectKey, etag, headers }, { eventName: 'ObjectCreated:Put', mustBeNew })
    return etag
  } finally {
    await file.close()
  }
}

/**
 * Whether a write may not replace an object: `If-None-Match: *`, the one precondition on writing that is implemented.
 *
 * @throws {S3Error} NotImplemented for another precondition
 */
export function readMustBeNew ({ headers }: S3Request): boolean {
  const ifNoneMatch = headers.get('if-none-match')
  if (headers.has('if-match') || (ifNoneMatch !== undefined && ifNoneMatch !== '*')) throw new S3Error('NotImplemented')
  return ifNoneMatch !== undefined
}
