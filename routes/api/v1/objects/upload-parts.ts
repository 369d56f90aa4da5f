import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { keepUploadOpen } from '../../../../db/open-uploads.js'
import { countParts } from '../../../../objects/part-layout.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { InvalidRequestError, UploadNotFoundError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'
import { PartUrlsRequestSchema, PartUrlsSchema } from '../../../../schemas/uploads.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  const { UPLOAD_ABANDONED_AFTER } = app.config

  app.post('/uploads/parts', {
    config: { roles: ['member', 'service', 'admin'] },
    onRequest: app.limits.uploads.spend,
    schema: {
      operationId: 'createPartUrls',
      tags: ['Files'],
      summary: 'Request URLs for parts',
      description: 'Pre-signed PUTs for up to 100 parts of an upload that was begun with `multipart`, including parts to be ' +
        'sent again. Asking for them keeps the upload open.',
      body: reference(PartUrlsRequestSchema),
      response: { 200: reference(PartUrlsSchema), ...errorResponses(400, 401, 'UPLOAD_NOT_FOUND', 413, 415, 'DATABASE_UNAVAILABLE') },
    },
  }, async (request, reply) => {
    const { uploadId, partNumbers } = request.body
    const upload = app.multipartUploads.open(request.user, uploadId)
    const partCount = countParts(upload)
    if (partNumbers.some((partNumber) => partNumber > partCount)) {
      throw new InvalidRequestError(`body/partNumbers must not be beyond ${partCount}, of which the file's last part is.`)
    }
    const { parts, expiresAt } = app.multipartUploads.signParts(request, upload, partNumbers)
    if (!await keepUploadOpen(app.database, upload, UPLOAD_ABANDONED_AFTER)) throw new UploadNotFoundError()
    return await reply.header('cache-control', 'no-store').send({ parts, expiresAt: expiresAt.toISOString() })
  })
}

export default route
