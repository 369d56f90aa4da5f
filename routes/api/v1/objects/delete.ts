import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { parseObjectKey } from '../../../../objects/object-key.js'
import { DeletionQuerySchema, DeletionSchema } from '../../../../schemas/deletion.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { ForbiddenError, ObjectNotFoundError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'
import { mayActFor } from '../../../../schemas/token-claims.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  const { DOWNLOAD_URL_TTL, UPLOAD_URL_TTL } = app.config

  app.delete('', {
    config: { roles: ['member', 'service', 'admin'] },
    schema: {
      operationId: 'deleteFile',
      tags: ['Files'],
      summary: 'Delete a file',
      description: 'Removes a file of the token\'s organisation from storage and from usage; only its creator or an admin ' +
        'may. No new download can start: other replicas may still redirect to it for a few seconds, but storage no longer ' +
        'has it.',
      querystring: DeletionQuerySchema,
      response: { 200: reference(DeletionSchema), ...errorResponses(400, 401, 403, 'OBJECT_NOT_FOUND', 413, 415, 502, 'STORE_UNAVAILABLE', 'DATABASE_UNAVAILABLE') },
    },
  }, async (request) => {
    const { objectKey } = request.query
    const parts = parseObjectKey(objectKey)
    // Whose key it is must not be revealed: another organisation's file is answered as if it did not exist.
    if (parts === undefined || parts.orgKey !== request.user.orgKey) throw new ObjectNotFoundError()
    if (!mayActFor(request.user, parts.createdBy)) throw new ForbiddenError('Only its creator or an admin may delete a file.')

    const { stored } = await app.objectStorage.observeCounted(objectKey)
    if (stored !== undefined) await app.objectStorage.remove(objectKey)
    app.existence.forget(objectKey)
    // Even if the file was already gone: an earlier deletion may have been cut short before it was counted.
    await app.bucketEvents.recount(objectKey, { wasStored: stored !== undefined })
    if (stored === undefined) throw new ObjectNotFoundError()
    return {
      bytes: stored.sizeBytes,
      issuedUrlsExpireAt: new Date(Date.now() + Math.max(DOWNLOAD_URL_TTL, UPLOAD_URL_TTL) * 1000).toISOString(),
    }
  })
}

export default route
