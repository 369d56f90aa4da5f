import { type Authentication } from './authentication.js'
import { type KeptChecksum } from './checksum.js'
import { readWriteCondition } from './conditions.js'
import { type StoredObjects } from './stored-objects.js'
import { headersToStore } from './object-headers.js'
import { receivePayload } from './payload.js'
import { type S3Request } from './s3-request.js'

/** What the answer to an upload says about what was stored. */
export interface StoredPayload {
  /** Without quotes. */
  etag: string
  checksum?: KeptChecksum
}

/**
 * Carries out PutObject (Amazon S3 API Reference). The object is there when this returns, and not a byte of it before.
 *
 * @throws {S3Error} if the request's condition does not hold; those of `receivePayload`
 */
export async function putObject (
  request: S3Request, authentication: Authentication, objects: StoredObjects,
): Promise<StoredPayload> {
  const { objectKey } = request
  const headers = headersToStore(request)
  const condition = readWriteCondition(request)
  // Checked before the bytes are received, so that an upload that must fail does so at once, and again once they are there.
  objects.require(objectKey, condition)

  const file = await objects.createFile()
  try {
    const { md5, checksum } = await receivePayload(request, authentication, (chunk) => file.write(chunk))
    const stored = { etag: md5.toString('hex'), ...checksum === undefined ? {} : { checksum } }
    objects.commit(file, { objectKey, headers, ...stored }, { eventName: 'ObjectCreated:Put', condition })
    return stored
  } finally {
    await file.close()
  }
}
