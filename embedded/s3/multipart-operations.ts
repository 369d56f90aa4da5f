import { type Static, Type } from '@sinclair/typebox'
import { compareObjectKeys } from '../../objects/key-order.js'
import { encodePath } from '../../http/percent-encoding.js'
import { type Authentication } from './authentication.js'
import { type StatedChecksum, checksumAlgorithms } from './checksum.js'
import { readWriteCondition } from './conditions.js'
import { readChecksumPlan, readExpectedChecksum } from './multipart-checksum.js'
import { type MultipartUpload, type MultipartUploads } from './multipart-uploads.js'
import { type StoredObjects } from './stored-objects.js'
import { headersToStore } from './object-headers.js'
import { type StoredPayload } from './object-writing.js'
import { ownerElement } from './owner.js'
import { receivePayload, receiveText } from './payload.js'
import { S3Error } from './s3-error.js'
import { type S3Request, integerParameter } from './s3-request.js'
import { WHITE_SPACE, parseXml } from './xml-body.js'
import { document, element } from './xml.js'

const PART_NUMBER_MAX = 10_000
const PAGE_MAX_ITEMS = 1000
const BODY_MAX_BYTES = 4 * 1024 * 1024

const OptionalText = Type.Optional(Type.String())
const PartSchema = Type.Object({
  PartNumber: Type.String({ pattern: '^\\d{1,5}$' }),
  ETag: Type.String(),
  ChecksumCRC32: OptionalText,
  ChecksumCRC32C: OptionalText,
  ChecksumCRC64NVME: OptionalText,
  ChecksumSHA1: OptionalText,
  ChecksumSHA256: OptionalText,
  ...WHITE_SPACE,
}, { additionalProperties: false })
const CompleteSchema = Type.Object({
  CompleteMultipartUpload: Type.Object({ Part: Type.Array(PartSchema, { minItems: 1, maxItems: PART_NUMBER_MAX }) }),
})

/** Carries out CreateMultipartUpload; this and the others here follow the Amazon S3 API Reference. Returns the answer's XML. */
export async function createMultipartUpload (request: S3Request, uploads: MultipartUploads, bucket: string): Promise<string> {
  const upload = await uploads.initiate(request.objectKey, headersToStore(request), readChecksumPlan(request))
  return document('InitiateMultipartUploadResult', [
    element('Bucket', bucket), element('Key', upload.objectKey), element('UploadId', upload.uploadId),
  ])
}

/**
 * Carries out UploadPart.
 *
 * @throws {S3Error} NoSuchUpload; InvalidArgument for a part number outside 1 to 10,000; those of `receivePayload`
 */
export async function uploadPart (
  request: S3Request, authentication: Authentication, uploads: MultipartUploads, objects: StoredObjects,
): Promise<StoredPayload> {
  const upload = findUpload(request, uploads)
  const partNumber = integerParameter(request, 'partNumber', { minimum: 1, maximum: PART_NUMBER_MAX, defaultValue: 0 })
  if (partNumber === 0) throw new S3Error('InvalidArgument', 'partNumber is missing.')
  const file = await objects.createFile()
  try {
    const algorithm = upload.checksum?.algorithm
    const received = await receivePayload(request, authentication, (chunk) => file.write(chunk), { algorithm })
    return uploads.commitPart(upload, partNumber, file, received)
  } finally {
    await file.close()
  }
}

/**
 * Carries out CompleteMultipartUpload. Returns the answer's XML.
 *
 * @throws {S3Error} NoSuchUpload, MalformedXML, and those of `MultipartUploads.complete`
 */
export async function completeMultipartUpload (
  request: S3Request, authentication: Authentication, uploads: MultipartUploads, bucket: string,
): Promise<string> {
  const { objectKey, parameters } = request
  const expected = { ...readExpectedChecksum(request), ...expectedSize(request), condition: readWriteCondition(request) }
  const text = await receiveText(request, authentication, { maxBytes: BODY_MAX_BYTES, checksumOf: 'object' })
  const chosen = parseXml(text, CompleteSchema, ['Part']).CompleteMultipartUpload.Part.map((part) => ({
    partNumber: Number(part.PartNumber), etag: part.ETag.replaceAll('"', ''), checksums: statedChecksums(part),
  }))
  const { etag, checksum } = await uploads.complete(parameters.get('uploadId') ?? '', objectKey, chosen, expected)
  return document('CompleteMultipartUploadResult', [
    element('Location', `/${bucket}/${encodePath(objectKey)}`),
    element('Bucket', bucket), element('Key', objectKey), element('ETag', `"${etag}"`),
    ...checksum === undefined
      ? []
      : [element(`Checksum${checksum.algorithm}`, checksum.value), element('ChecksumType', checksum.type)],
  ])
}

function statedChecksums (part: Static<typeof PartSchema>): StatedChecksum[] {
  return checksumAlgorithms.map((algorithm) => ({ algorithm, value: part[`Checksum${algorithm}`] ?? '' }))
    .filter(({ value }) => value !== '')
}

function expectedSize ({ headers }: S3Request): { sizeBytes?: number } {
  const text = headers.get('x-amz-mp-object-size')
  if (text === undefined) return {}
  if (!/^\d{1,15}$/.test(text)) throw new S3Error('InvalidArgument', 'x-amz-mp-object-size must be a number.')
  return { sizeBytes: Number(text) }
}

/** Carries out AbortMultipartUpload. */
export async function abortMultipartUpload (request: S3Request, uploads: MultipartUploads): Promise<void> {
  await uploads.abort(findUpload(request, uploads))
}

/** Answers ListParts. */
export function listParts (request: S3Request, uploads: MultipartUploads, bucket: string): string {
  const { uploadId, objectKey, parts } = findUpload(request, uploads)
  const marker = integerParameter(request, 'part-number-marker', { minimum: 0, maximum: 2 ** 31 - 1, defaultValue: 0 })
  const maxParts = pageSize(request, 'max-parts')
  const later = [...parts.values()].filter(({ partNumber }) => partNumber > marker)
    .sort((one, other) => one.partNumber - other.partNumber)
  const page = later.slice(0, maxParts)
  return document('ListPartsResult', [
    element('Bucket', bucket), element('Key', objectKey), element('UploadId', uploadId),
    element('PartNumberMarker', marker),
    element('NextPartNumberMarker', page.at(-1)?.partNumber ?? marker),
    element('MaxParts', maxParts), element('StorageClass', 'STANDARD'), ownerElement('Initiator'), ownerElement('Owner'),
    element('IsTruncated', page.length > 0 && later.length > page.length),
    ...page.map(({ partNumber, etag, sizeBytes, lastModifiedMs }) => element('Part', [
      element('PartNumber', partNumber), element('LastModified', new Date(lastModifiedMs).toISOString()),
      element('ETag', `"${etag}"`), element('Size', sizeBytes),
    ])),
  ])
}

/**
 * Answers ListMultipartUploads.
 *
 * @throws {S3Error} NotImplemented if a delimiter is given
 */
export function listMultipartUploads (request: S3Request, uploads: MultipartUploads, bucket: string): string {
  const parameter = (name: string) => request.parameters.get(name) ?? ''
  if (parameter('delimiter') !== '') throw new S3Error('NotImplemented', 'Uploads are listed without a delimiter only.')
  const [prefix, keyMarker, uploadIdMarker] = [parameter('prefix'), parameter('key-marker'), parameter('upload-id-marker')]
  const encode = parameter('encoding-type') === 'url' ? encodePath : (text: string) => text
  const maxUploads = pageSize(request, 'max-uploads')

  const all = uploads.list()
  const markerAt = all.findIndex(({ uploadId }) => uploadId === uploadIdMarker)
  const isLater = ({ objectKey }: MultipartUpload, index: number) => keyMarker === '' ||
    compareObjectKeys(objectKey, keyMarker) > 0 || (objectKey === keyMarker && markerAt >= 0 && index > markerAt)
  const later = all.filter((upload, index) => upload.objectKey.startsWith(prefix) && isLater(upload, index))
  const page = later.slice(0, maxUploads)
  const last = page.at(-1)
  return document('ListMultipartUploadsResult', [
    element('Bucket', bucket), element('KeyMarker', encode(keyMarker)), element('UploadIdMarker', uploadIdMarker),
    element('NextKeyMarker', encode(last?.objectKey ?? '')), element('NextUploadIdMarker', last?.uploadId ?? ''),
    element('Prefix', encode(prefix)), element('MaxUploads', maxUploads),
    element('IsTruncated', page.length > 0 && later.length > page.length),
    ...page.map(({ objectKey, uploadId, initiatedMs }) => element('Upload', [
      element('Key', encode(objectKey)), element('UploadId', uploadId), element('StorageClass', 'STANDARD'),
      ownerElement('Initiator'), ownerElement('Owner'),
      element('Initiated', new Date(initiatedMs).toISOString()),
    ])),
  ])
}

function findUpload ({ parameters, objectKey }: S3Request, uploads: MultipartUploads): MultipartUpload {
  return uploads.find(parameters.get('uploadId') ?? '', objectKey)
}

function pageSize (request: S3Request, name: string): number {
  const size = integerParameter(request, name, { minimum: 0, maximum: 2 ** 31 - 1, defaultValue: PAGE_MAX_ITEMS })
  return Math.min(PAGE_MAX_ITEMS, size)
}
