import { type Static, Type } from '@sinclair/typebox'
import { type Authentication } from './authentication.js'
import { readDeleteCondition } from './conditions.js'
import { type StoredObjects } from './stored-objects.js'
import { receiveText } from './payload.js'
import { S3Error } from './s3-error.js'
import { KEY_MAX_BYTES, type S3Request } from './s3-request.js'
import { WHITE_SPACE, parseXml } from './xml-body.js'
import { type Xml, document, element } from './xml.js'

const MAX_OBJECTS = 1000
/** Room for a thousand keys of the greatest length, with every character written as a reference. */
const BODY_MAX_BYTES = 8 * 1024 * 1024

const OptionalText = Type.Optional(Type.String())
const ObjectSchema = Type.Object({
  Key: Type.String({ minLength: 1 }),
  VersionId: OptionalText,
  ETag: OptionalText,
  Size: OptionalText,
  LastModifiedTime: OptionalText,
  ...WHITE_SPACE,
}, { additionalProperties: false })
const DeleteSchema = Type.Object({
  Delete: Type.Object({
    Quiet: Type.Optional(Type.String()),
    Object: Type.Array(ObjectSchema, { minItems: 1, maxItems: MAX_OBJECTS }),
  }),
})

/**
 * Carries out DeleteObjects (Amazon S3 API Reference): deletes up to 1,000 keys, existing or not, unless a condition says
 * otherwise. A failed deletion does not affect the others.
 *
 * @returns the answer's XML
 * @throws {S3Error} MalformedXML; those of `receiveText`
 */
export async function deleteObjects (
  request: S3Request, authentication: Authentication, objects: StoredObjects,
): Promise<string> {
  const text = await receiveText(request, authentication, { maxBytes: BODY_MAX_BYTES })
  const body = parseXml(text, DeleteSchema, ['Object'])
  const isQuiet = body.Delete.Quiet === 'true'
  const results: Xml[] = []
  for (const object of body.Delete.Object) {
    const failure = removeObject(object, objects)
    const key = element('Key', object.Key)
    if (failure !== undefined) results.push(element('Error', [key, element('Code', failure.code), element('Message', failure.message)]))
    else if (!isQuiet) results.push(element('Deleted', [key]))
  }
  return document('DeleteResult', results)
}

/** @returns why the object was not removed */
function removeObject (object: Static<typeof ObjectSchema>, objects: StoredObjects): S3Error | undefined {
  const { Key: objectKey, VersionId: versionId = 'null', ETag: entityTags, Size: size, LastModifiedTime: lastModifiedTime } = object
  try {
    if (Buffer.byteLength(objectKey) > KEY_MAX_BYTES) throw new S3Error('KeyTooLongError')
    if (versionId !== '' && versionId !== 'null') throw new S3Error('NotImplemented')
    objects.remove(objectKey, readDeleteCondition({ entityTags, size, lastModifiedTime }))
    return undefined
  } catch (error) {
    if (error instanceof S3Error) return error
    throw error
  }
}
