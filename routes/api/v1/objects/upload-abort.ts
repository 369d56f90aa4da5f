import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { releaseUpload } from '../../../../db/open-uploads.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { UploadCompletedError } from '../../../../schemas/errors.js'
import { AbortQuerySchema, AbortedSchema } from '../../../../schemas/uploads.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.delete('/uploads', {
    config: { roles: ['member', 'service', 'admin'] },
    onRequest: app.limits.uploadEnds.spend,
    schema: {
      operationId: 'abortUpload',
      tags: ['Files'],
      summary: 'Abort an upload',
      description: 'Gives up an upload that was begun with `multipart`: its parts are removed, and its place in the quota ' +
        'is freed. It may be repeated. What a completed upload has made is a file, and is deleted like one.',
      querystring: AbortQuerySchema,
      response: {
        204: AbortedSchema,
        ...errorResponses(400, 401, 'UPLOAD_NOT_FOUND', 'UPLOAD_COMPLETED', 413, 415, 502, 'STORE_UNAVAILABLE', 'DATABASE_UNAVAILABLE'),
      },
    },
  }, async (request, reply) => {
    const upload = app.multipartUploads.open(request.user, request.query.uploadId)
    await app.objectStorage.multipart.abort(upload)
    if (await app.objectStorage.head(upload.objectKey) !== undefined) throw new UploadCompletedError()
    await releaseUpload(app.database, upload.objectKey)
    return await reply.status(204).send()
  })
}

export default route
