import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { UploadNotFoundError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'
import { PARTS_OF_PAGE_MAX, PartsQuerySchema, PartsSchema } from '../../../../schemas/uploads.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/uploads/parts', {
    config: { roles: ['member', 'service', 'admin'] },
    onRequest: app.limits.lists.spend,
    schema: {
      operationId: 'listParts',
      tags: ['Files'],
      summary: 'List parts that have arrived',
      description: 'What the store has of an upload that was begun with `multipart`, so that an interrupted upload can ' +
        'continue with the rest.',
      querystring: PartsQuerySchema,
      response: {
        200: reference(PartsSchema), ...errorResponses(400, 401, 'UPLOAD_NOT_FOUND', 429, 502, 'STORE_UNAVAILABLE'),
      },
    },
  }, async (request, reply) => {
    const { uploadId, after = 0, limit = PARTS_OF_PAGE_MAX } = request.query
    const upload = app.multipartUploads.open(request.user, uploadId)
    const page = await app.objectStorage.multipart.listParts(upload, { after, limit })
    if (page === undefined) throw new UploadNotFoundError()
    const { parts, isTruncated } = page
    return await reply.header('cache-control', 'no-store').send({
      parts, nextAfter: isTruncated ? parts.at(-1)?.partNumber ?? null : null,
    })
  })
}

export default route
