import { Type } from '@sinclair/typebox'
import { type Authentication } from './authentication.js'
import { type StoredObjects } from './stored-objects.js'
import { receiveText } from './payload.js'
import { S3Error } from './s3-error.js'
import { KEY_MAX_BYTES, type S3Request } from './s3-request.js'
import { parseXml } from './xml-body.js'
import { type Xml, document, element } from './xml.js'

const MAX_OBJECTS = 1000
/** A thousand of the longest keys, with every character written as a reference. */
const BODY_MAX_BYTES = 8 * 1024 * 1024

const DeleteSchema = Type.Object({
  Delete: Type.Object({
    Quiet: Type.Optional(Type.String()),
    Object: Type.Array(Type.Object({ Key: Type.String({ minLength: 1 }), VersionId: Type.Optional(Type.String()) }), {
      minItems: 1, maxItems: MAX_OBJECTS,
    }),
  }),
})

/**
 * Carries out DeleteObjects (Amazon S3 API Reference): up to 1,000 keys, each whether it was there or not.
 *
 * @returns the answer's XML
 * @throws {S3Error} MalformedXML; what a payload may lack
 */
export async function deleteObjects (
  request: S3Request, authentication: Authentication, objects: StoredObjects,
): Promise<string> {
  const body = parseXml(await receiveText(request, authentication, BODY_MAX_BYTES), DeleteSchema, ['Object'])
  const isQuiet = body.Delete.Quiet === 'true'
  const results: Xml[] = []
  for (const { Key: objectKey, VersionId: versionId } of body.Delete.Object) {
    const failure = objectFailure(objectKey, versionId)
    if (failure !== undefined) {
      const { code, message } = failure
      results.push(element('Error', [element('Key', objectKey), element('Code', code), element('Message', message)]))
      continue
    }
    objects.remove(objectKey)
    if (!isQuiet) results.push(element('Deleted', [element('Key', objectKey)]))
  }
  return document('DeleteResult', results)
}

function objectFailure (objectKey: string, versionId: string | undefined): S3Error | undefined {
  if (Buffer.byteLength(objectKey) > KEY_MAX_BYTES) return new S3Error('KeyTooLongError')
  return versionId === undefined || versionId === '' || versionId === 'null' ? undefined : new S3Error('NotImplemented')
}
