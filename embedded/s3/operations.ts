import { type ServerResponse } from 'node:http'
import { type Authentication } from './authentication.js'
import { checksumHeaders } from './checksum.js'
import { readDeleteCondition } from './conditions.js'
import { listObjectsV1, listObjectsV2 } from './listing.js'
import { deleteObjects } from './multi-delete.js'
import {
  abortMultipartUpload, completeMultipartUpload, createMultipartUpload, listMultipartUploads, listParts, uploadPart,
} from './multipart-operations.js'
import { type MultipartUploads } from './multipart-uploads.js'
import { type StoredObjects } from './stored-objects.js'
import { RESPONSE_PARAMETERS, refuseUnknownHeaders } from './object-headers.js'
import { sendObject } from './object-reading.js'
import { type StoredPayload, putObject } from './object-writing.js'
import { S3Error } from './s3-error.js'
import { type S3Request, moveHeadersFromQuery } from './s3-request.js'
import { answerSlowly } from './slow-answer.js'
import { document } from './xml.js'

/** What the operations work on. */
export interface Store {
  bucket: string
  region: string
  objects: StoredObjects
  uploads: MultipartUploads
}

interface Call extends Store {
  request: S3Request
  authentication: Authentication
  response: ServerResponse
}

interface Operation {
  method: string
  resource: 'bucket' | 'object'
  /** A parameter whose presence selects this operation; the first operation that fits is taken. */
  selector?: string
  /** Further parameters; a request with any other is refused. */
  parameters?: readonly string[]
  /** The conditions that it honours; a request with any other is refused. */
  conditions?: readonly string[]
  run: (call: Call) => void | Promise<void>
}

const WRITE_CONDITIONS = ['if-match', 'if-none-match']
const LISTING_PARAMETERS = ['delimiter', 'encoding-type', 'max-keys', 'prefix']

const operations: readonly Operation[] = [
  {
    method: 'HEAD',
    resource: 'bucket',
    run: ({ response, region }) => { response.writeHead(200, { 'x-amz-bucket-region': region }).end() },
  },
  {
    // The bucket exists from the start; creating it again is not an error in S3's oldest region.
    method: 'PUT',
    resource: 'bucket',
    run: ({ response }) => { response.writeHead(200, { 'Content-Length': 0 }).end() },
  },
  {
    method: 'GET',
    resource: 'bucket',
    selector: 'location',
    // S3's oldest region is represented by an empty element.
    run: ({ response, region }) => sendXml(response, document('LocationConstraint', region === 'us-east-1' ? '' : region)),
  },
  {
    method: 'GET',
    resource: 'bucket',
    selector: 'uploads',
    parameters: ['delimiter', 'encoding-type', 'key-marker', 'max-uploads', 'prefix', 'upload-id-marker'],
    run: ({ request, response, uploads, bucket }) => sendXml(response, listMultipartUploads(request, uploads, bucket)),
  },
  {
    method: 'GET',
    resource: 'bucket',
    selector: 'list-type',
    parameters: [...LISTING_PARAMETERS, 'continuation-token', 'fetch-owner', 'start-after'],
    run: ({ request, response, objects, bucket }) => {
      if (request.parameters.get('list-type') !== '2') throw new S3Error('InvalidArgument', 'list-type must be 2.')
      sendXml(response, listObjectsV2(request, bucket, objects.index))
    },
  },
  {
    method: 'GET',
    resource: 'bucket',
    parameters: [...LISTING_PARAMETERS, 'marker'],
    run: ({ request, response, objects, bucket }) => sendXml(response, listObjectsV1(request, bucket, objects.index)),
  },
  {
    method: 'POST',
    resource: 'bucket',
    selector: 'delete',
    run: async ({ request, authentication, response, objects }) => {
      sendXml(response, await deleteObjects(request, authentication, objects))
    },
  },
  {
    method: 'GET',
    resource: 'object',
    selector: 'uploadId',
    parameters: ['max-parts', 'part-number-marker'],
    run: ({ request, response, uploads, bucket }) => sendXml(response, listParts(request, uploads, bucket)),
  },
  ...['GET', 'HEAD'].map((method) => ({
    method,
    resource: 'object' as const,
    parameters: RESPONSE_PARAMETERS,
    conditions: ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range'],
    run: ({ request, response, objects }: Call) => sendObject(request, response, objects),
  })),
  {
    method: 'PUT',
    resource: 'object',
    selector: 'uploadId',
    parameters: ['partNumber'],
    run: async ({ request, authentication, response, uploads, objects }) => {
      sendStored(response, await uploadPart(request, authentication, uploads, objects))
    },
  },
  {
    method: 'PUT',
    resource: 'object',
    conditions: WRITE_CONDITIONS,
    run: async ({ request, authentication, response, objects }) => {
      sendStored(response, await putObject(request, authentication, objects))
    },
  },
  {
    method: 'POST',
    resource: 'object',
    selector: 'uploads',
    run: async ({ request, response, uploads, bucket }) => {
      sendXml(response, await createMultipartUpload(request, uploads, bucket))
    },
  },
  {
    method: 'POST',
    resource: 'object',
    selector: 'uploadId',
    conditions: WRITE_CONDITIONS,
    run: async ({ request, authentication, response, uploads, bucket }) => {
      await answerSlowly(response, completeMultipartUpload(request, authentication, uploads, bucket))
    },
  },
  {
    method: 'DELETE',
    resource: 'object',
    selector: 'uploadId',
    run: async ({ request, response, uploads }) => {
      await abortMultipartUpload(request, uploads)
      response.writeHead(204).end()
    },
  },
  {
    method: 'DELETE',
    resource: 'object',
    conditions: ['if-match', 'x-amz-if-match-last-modified-time', 'x-amz-if-match-size'],
    run: ({ request: { objectKey, headers }, response, objects }) => {
      objects.remove(objectKey, readDeleteCondition({
        entityTags: headers.get('if-match'),
        size: headers.get('x-amz-if-match-size'),
        lastModifiedTime: headers.get('x-amz-if-match-last-modified-time'),
      }))
      response.writeHead(204).end()
    },
  },
]

/**
 * Carries out the operation that an authenticated request asks for.
 *
 * @throws {S3Error} NotImplemented if the store has no such operation, or does not know one of its parameters; NoSuchBucket;
 *   the errors of the operation
 */
export async function answer (
  signedRequest: S3Request, authentication: Authentication, response: ServerResponse, store: Store,
): Promise<void> {
  const request = moveHeadersFromQuery(signedRequest)
  if (request.bucket === '') throw new S3Error('NotImplemented')
  if (request.bucket !== store.bucket) throw new S3Error('NoSuchBucket')
  const resource = request.objectKey === '' ? 'bucket' : 'object'
  const operation = operations.find((candidate) => candidate.method === request.method && candidate.resource === resource &&
    (candidate.selector === undefined || request.parameters.has(candidate.selector)))
  if (operation === undefined) throw new S3Error('NotImplemented')

  const { selector, parameters = [], conditions = [], run } = operation
  for (const name of request.parameters.keys()) {
    // AWS SDKs name the operation in `x-id`.
    const isKnown = name === selector || name === 'x-id' || name.startsWith('X-Amz-') || parameters.includes(name)
    if (!isKnown) throw new S3Error('NotImplemented')
  }
  refuseUnknownHeaders(request, conditions)
  await run({ request, authentication, response, ...store })
}

function sendXml (response: ServerResponse, body: string): void {
  response.writeHead(200, { 'Content-Type': 'application/xml', 'Content-Length': Buffer.byteLength(body) }).end(body)
}

function sendStored (response: ServerResponse, { etag, checksum }: StoredPayload): void {
  response.writeHead(200, { ETag: `"${etag}"`, ...checksumHeaders(checksum), 'Content-Length': 0 }).end()
}
