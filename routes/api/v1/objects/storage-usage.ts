import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { readStorageUsage } from '../../../../db/storage-usage.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { ForbiddenError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'
import { StorageUsageQuerySchema, StorageUsageSchema } from '../../../../schemas/storage-usage.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/storage-usage', {
    onRequest: app.authenticate,
    schema: {
      operationId: 'readStorageUsage',
      tags: ['Usage'],
      summary: 'Read the organisation\'s storage usage',
      description: 'What the token\'s organisation stores, in bytes: in all, by direction and by workflow. All figures are of one instant.',
      security: [{ bearerAuth: [] }],
      querystring: StorageUsageQuerySchema,
      response: { 200: reference(StorageUsageSchema), ...errorResponses(400, 401, 403, 503) },
    },
  }, async (request) => {
    const { userId, orgKey, role } = request.user
    const { createdBy } = request.query
    if (createdBy !== undefined && createdBy !== userId && role !== 'admin') {
      throw new ForbiddenError('Only an admin may ask for another user\'s usage.')
    }
    return await readStorageUsage(app.database, { orgKey, createdBy })
  })
}

export default route
