import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { claimDigests } from '../../../../db/digests.js'
import { recordStoreUpload, releaseUpload } from '../../../../db/open-uploads.js'
import { type ReservationOutcome, reserveUpload } from '../../../../db/reservations.js'
import { type DigestAlgorithm, type Digests, digestAlgorithms } from '../../../../objects/digests.js'
import { PATH_MAX_BYTES, isFileName, isPath, mintObjectKey } from '../../../../objects/object-key.js'
import { type PartLayout, PARTS_MAX, PUT_MAX_BYTES, countParts, defaultPartSize } from '../../../../objects/part-layout.js'
import { bindDigests } from '../../../../store/checksums.js'
import { urlLifeFromNow } from '../../../../store/credentials.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { InvalidRequestError, OpenUploadsExceededError, QuotaExceededError, SizeRequiredError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'
import { FIRST_PARTS, UploadRequestSchema, UploadSchema } from '../../../../schemas/uploads.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  const { UPLOAD_URL_TTL, UPLOAD_ABANDONED_AFTER, UPLOAD_OPEN_BYTES } = app.config

  app.post('/uploads', {
    config: { roles: ['member', 'service', 'admin'] },
    onRequest: app.limits.uploads.spend,
    schema: {
      operationId: 'createUpload',
      tags: ['Files'],
      summary: 'Request an upload',
      description: 'Mints an object key and a pre-signed PUT for one file of a run, created by the token\'s user. The PUT ' +
        'must send the given headers: the URL is valid only for that content type and, if one was stated, that exact size. ' +
        'If the organisation has a quota, the size must be stated; it is then reserved until the file arrives or the URL ' +
        'expires. Checksums that are stated are enforced by the storage where it can, as `enforced` says. With `multipart` ' +
        'the file is sent in parts, straight to the store as well: the answer has an `uploadId`, the size of the parts, and ' +
        'URLs for the first ones; once all have been sent, `POST /uploads/complete` makes the file from them.',
      body: reference(UploadRequestSchema),
      response: { 201: reference(UploadSchema), ...errorResponses(400, 401, 413, 415, 'SIZE_REQUIRED', 'OPEN_UPLOADS_EXCEEDED', 'QUOTA_EXCEEDED', 502, 'STORE_UNAVAILABLE', 'DATABASE_UNAVAILABLE') },
    },
    // The schema says so too, but not in words.
    preValidation: async ({ body }) => {
      const { path, fileName, multipart, sizeBytes, partSizeBytes, ifAbsent }: Record<string, unknown> = Object(body)
      if ((path === undefined) === (fileName === undefined)) throw new InvalidRequestError('body must have either path or fileName.')
      if (multipart === true) {
        // An upload in parts accepts none after it is completed, so it needs no such option.
        if (ifAbsent !== undefined) throw new InvalidRequestError('body/ifAbsent must not come with multipart.')
        return
      }
      if (partSizeBytes !== undefined) throw new InvalidRequestError('body/partSizeBytes must come with multipart.')
      if (Number(sizeBytes) > PUT_MAX_BYTES) throw new InvalidRequestError('body/sizeBytes must be at most 5 GiB without multipart.')
    },
  }, async (request, reply) => {
    const { workflowId, runId, direction, contentType, sizeBytes, multipart = false, ifAbsent = false } = request.body
    const { orgKey, userId: createdBy } = request.user
    const objectKey = mintObjectKey({ orgKey, workflowId, runId, createdBy, direction, path: readPath(request.body) })
    const downloadUrl = app.downloadUrl(request, objectKey)
    const reserve: Reserve = async (expiresInSeconds) => {
      const outcome = await reserveUpload(
        app.database, { objectKey, orgKey, createdBy, sizeBytes, contentType, expiresInSeconds }, UPLOAD_OPEN_BYTES)
      if (outcome !== 'reserved') throw refusalOf(outcome)
    }
    const digests = digestsIn(request.body)
    const upload = multipart
      ? await beginParts(request, { objectKey, contentType, digests, ...layoutOf(request.body) }, reserve)
      : await beginWhole(request, { objectKey, contentType, digests, sizeBytes, ifAbsent }, reserve)
    return await reply.status(201).header('cache-control', 'no-store').send({ objectKey, ...upload, downloadUrl })
  })

  const beginWhole = async (
    request: FastifyRequest,
    { objectKey, contentType, digests, sizeBytes, ifAbsent }: WantedFile & { ifAbsent: boolean },
    reserve: Reserve,
  ) => {
    const { signedAt, expiresInSeconds, expiresAt } = urlLifeFromNow(app.uploadTarget.credentials.current, UPLOAD_URL_TTL)
    const { headers: checksums, bound } = bindDigests(digests, app.enforcedChecksums)
    const headers = { 'content-type': contentType, ...ifAbsent ? { 'if-none-match': '*' } : {}, ...checksums }
    // Everything that a client must send anyway is signed, and nothing else can be: S3 has no way to sign that a header is
    // absent, and a signed header must be sent. If a store accepts headers that no signature covers, the limits are the
    // permissions of `presignUpload`'s credentials, and the check once the file is there (uploads/).
    const url = app.reachableUrl(request, app.presignUpload({
      method: 'PUT',
      objectKey,
      signedAt,
      expiresInSeconds,
      headers: { ...headers, ...sizeBytes === undefined ? {} : { 'content-length': String(sizeBytes) } },
    }))
    await reserve(expiresInSeconds)
    // An MD5 shows in the entity tag; for others the store is asked once the file is there.
    await claimDigests(app.database, objectKey, digests, bound.filter((algorithm) => algorithm !== 'md5'))
    return { url, headers, expiresAt: expiresAt.toISOString(), ...enforcedOf(digests, bound) }
  }

  const beginParts = async (
    request: FastifyRequest, file: WantedFile & PartLayout, reserve: Reserve,
  ) => {
    await reserve(UPLOAD_ABANDONED_AFTER)
    try {
      const upload = { ...file, storeUploadId: await app.objectStorage.multipart.initiate(file.objectKey, file.contentType) }
      await recordStoreUpload(app.database, upload)
      await claimDigests(app.database, file.objectKey, file.digests, [])
      const partNumbers = Array.from({ length: Math.min(FIRST_PARTS, countParts(upload)) }, (_, index) => index + 1)
      const { parts, expiresAt } = app.multipartUploads.signParts(request, upload, partNumbers)
      return {
        url: parts[0]?.url ?? '',
        headers: {},
        expiresAt: expiresAt.toISOString(),
        uploadId: app.multipartUploads.seal(request.user, upload),
        partSizeBytes: upload.partSizeBytes,
        parts,
        ...enforcedOf(file.digests, []),
      }
    } catch (error) {
      // If the store has begun the upload, it is empty: nobody was given a URL.
      await releaseUpload(app.database, file.objectKey).catch(() => {})
      throw error
    }
  }
}

/** Takes the place of the file in the organisation's quota. */
type Reserve = (expiresInSeconds: number) => Promise<void>

interface WantedFile {
  objectKey: string
  contentType: string
  digests: Digests
  sizeBytes: number | undefined
}

/** In lower case, as they are stored. */
function digestsIn (body: Digests): Digests {
  return Object.fromEntries(digestAlgorithms.flatMap((algorithm) => {
    const value = body[algorithm]
    return value === undefined ? [] : [[algorithm, value.toLowerCase()]]
  }))
}

function enforcedOf (digests: Digests, enforced: DigestAlgorithm[]): { enforced?: DigestAlgorithm[] } {
  return Object.keys(digests).length === 0 ? {} : { enforced }
}

function refusalOf (outcome: Exclude<ReservationOutcome, 'reserved'>): Error {
  if (outcome === 'size-required') return new SizeRequiredError()
  return outcome === 'quota-exceeded' ? new QuotaExceededError() : new OpenUploadsExceededError()
}

/** @throws {InvalidRequestError} if the file cannot be sent in such parts */
function layoutOf ({ sizeBytes = 0, partSizeBytes = defaultPartSize(sizeBytes) }: Partial<PartLayout>): PartLayout {
  if (sizeBytes === 0) throw new InvalidRequestError('body/sizeBytes must be stated, and at least 1, with multipart.')
  const layout = { sizeBytes, partSizeBytes }
  if (countParts(layout) <= PARTS_MAX) return layout
  throw new InvalidRequestError(`body/partSizeBytes must be at least ${defaultPartSize(sizeBytes)} for a file of that size.`)
}

/** @throws {InvalidRequestError} if no file can have that path or name */
function readPath ({ path, fileName = '' }: { path?: string, fileName?: string }): string {
  if (path === undefined) {
    if (isFileName(fileName)) return fileName
    throw new InvalidRequestError('body/fileName must be 1 to 255 bytes of UTF-8 without / or control characters, and not . or ..')
  }
  if (isPath(path) && Buffer.byteLength(path) <= PATH_MAX_BYTES) return path
  throw new InvalidRequestError('body/path must be names separated by single slashes, 400 bytes of UTF-8 in all: each of 1 to 255 ' +
    'bytes without control characters, and not . or ..')
}

export default route
