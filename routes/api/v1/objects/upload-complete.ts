import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { finishUpload, keepUploadOpen } from '../../../../db/open-uploads.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { UploadIncompleteError, UploadNotFoundError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'
import { CompletionRequestSchema, CompletionSchema } from '../../../../schemas/uploads.js'
import { completeUpload } from '../../../../uploads/complete-upload.js'

/** For how long, at least, a place is kept while the store joins the parts to a file. */
const COMPLETION_SECONDS = 3_600

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/uploads/complete', {
    config: { roles: ['member', 'service', 'admin'] },
    onRequest: app.limits.uploadEnds.spend,
    schema: {
      operationId: 'completeUpload',
      tags: ['Files'],
      summary: 'Complete an upload',
      description: 'Makes the file from an upload\'s parts, once these are exactly the bytes that were stated; until then ' +
        'the answer is 409 `UPLOAD_INCOMPLETE`, which says what is wrong, and the upload stays open. By the time it answers ' +
        '200, the file is counted. It may be repeated if an answer was lost.',
      body: reference(CompletionRequestSchema),
      response: { 200: reference(CompletionSchema), ...errorResponses(400, 401, 'UPLOAD_NOT_FOUND', 'UPLOAD_INCOMPLETE', 413, 415, 502, 'STORE_UNAVAILABLE', 'DATABASE_UNAVAILABLE') },
    },
  }, async (request, reply) => {
    const upload = app.multipartUploads.open(request.user, request.body.uploadId)
    const { objectKey, sizeBytes } = upload
    const downloadUrl = app.downloadUrl(request, objectKey)
    const stated = request.body.parts?.map(({ partNumber, entityTag }) => ({ partNumber, entityTag: entityTag.replaceAll('"', '') }))
    const isOpen = await keepUploadOpen(app.database, upload, COMPLETION_SECONDS)
    const outcome = await completeUpload(app.objectStorage, upload, { isOpen, stated })
    if (outcome === 'not-found') throw new UploadNotFoundError()
    if (outcome !== 'completed') throw new UploadIncompleteError(outcome.fault)
    // The file takes the reservation's place in the quota before that ends.
    await app.bucketEvents.recount(objectKey, { wasStored: true })
    await finishUpload(app.database, upload)
    return await reply.header('cache-control', 'no-store').send({ objectKey, sizeBytes, downloadUrl })
  })
}

export default route
