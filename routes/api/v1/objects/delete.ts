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
      description: 'Removes a file of the token\'s organisation from storage and from its usage, for its creator or an admin. No ' +
        'new download of it begins: other replicas of the service may redirect to it for a few seconds more, but storage ' +
        'no longer has it.',
      querystring: DeletionQuerySchema,
      response: { 200: reference(DeletionSchema), ...errorResponses(400, 401, 403, 'OBJECT_NOT_FOUND', 413, 415, 502, 'STORE_UNAVAILABLE', 'DATABASE_UNAVAILABLE') },
    },
  }, async (request) => {
    const { objectKey } = request.query
    const parts = parseObjectKey(objectKey)
    // Whose key it is stays untold: another organisation's file is not there.
    if (parts === undefined || parts.orgKey !== request.user.orgKey) throw new ObjectNotFoundError()
    if (!mayActFor(request.user, parts.createdBy)) throw new ForbiddenError('Only its creator or an admin may delete a file.')

    const { stored } = await app.objectStorage.observeCounted(objectKey)
    if (stored !== undefined) await app.objectStorage.remove(objectKey)
    app.existence.forget(objectKey)
    // Also where the file was gone already: an earlier deletion may have ended before it was counted.
    await app.bucketEvents.recount(objectKey, { wasStored: stored !== undefined })
    if (stored === undefined) throw new ObjectNotFoundError()
    return {
      bytes: stored.sizeBytes,
      issuedUrlsExpireAt: new Date(Date.now() + Math.max(DOWNLOAD_URL_TTL, UPLOAD_URL_TTL) * 1000).toISOString(),
    }
  })
}

export default route
