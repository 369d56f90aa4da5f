import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { reserveUpload } from '../../../../db/reservations.js'
import { PATH_MAX_BYTES, isFileName, isPath, mintObjectKey } from '../../../../objects/object-key.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { InvalidRequestError, QuotaExceededError, SizeRequiredError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'
import { UploadRequestSchema, UploadSchema } from '../../../../schemas/uploads.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  const { UPLOAD_URL_TTL } = app.config

  app.post('/uploads', {
    config: { roles: ['member', 'service', 'admin'] },
    onRequest: app.limits.uploads.spend,
    schema: {
      operationId: 'createUpload',
      tags: ['Files'],
      summary: 'Make a place for a file',
      description: 'Mints an object key and a pre-signed PUT for one file of a run, made by the token\'s user. The PUT must send ' +
        'the headers given: the URL is valid for that content type, and that exact size where one was stated, only. ' +
        'Where the organisation has a quota the size must be stated; it is then reserved until the file arrives or the URL expires.',
      body: reference(UploadRequestSchema),
      response: { 201: reference(UploadSchema), ...errorResponses(400, 401, 413, 415, 'SIZE_REQUIRED', 'QUOTA_EXCEEDED', 'DATABASE_UNAVAILABLE') },
    },
    // The schema says so too, but cannot say it in words.
    preValidation: async ({ body }) => {
      const { path, fileName }: { path?: unknown, fileName?: unknown } = Object(body)
      if ((path === undefined) === (fileName === undefined)) throw new InvalidRequestError('body must have either path or fileName.')
    },
  }, async (request, reply) => {
    const { workflowId, runId, direction, contentType, sizeBytes } = request.body
    const { orgKey, userId: createdBy } = request.user
    const path = readPath(request.body)
    const signedAt = new Date()
    const expiresAt = new Date(signedAt.getTime() + UPLOAD_URL_TTL * 1000)
    const objectKey = mintObjectKey({ orgKey, workflowId, runId, createdBy, direction, path })
    const downloadUrl = app.downloadUrl(request, objectKey)
    const headers = { 'content-type': contentType }
    // What a client must send anyway is bound, and nothing else can be: S3 has no way to sign that a header is absent, and one
    // that is signed must be sent. So a store that takes headers which no signature covers is held by `presignUpload`'s
    // credentials, and by what is done once the file is there (uploads/).
    const url = app.reachableUrl(request, app.presignUpload({
      method: 'PUT',
      objectKey,
      signedAt,
      expiresInSeconds: UPLOAD_URL_TTL,
      headers: { ...headers, ...sizeBytes === undefined ? {} : { 'content-length': String(sizeBytes) } },
    }))
    const outcome = await reserveUpload(app.database, {
      objectKey, orgKey, createdBy, sizeBytes, contentType, expiresInSeconds: UPLOAD_URL_TTL,
    })
    if (outcome === 'size-required') throw new SizeRequiredError()
    if (outcome === 'quota-exceeded') throw new QuotaExceededError()
    return await reply.status(201).header('cache-control', 'no-store').send({
      objectKey,
      url,
      headers,
      expiresAt: expiresAt.toISOString(),
      downloadUrl,
    })
  })
}

/** @throws {InvalidRequestError} where no file can have that path or name */
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
