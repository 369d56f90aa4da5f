import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ArchiveQuerySchema, archiveResponses } from '../../../../schemas/archives.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { onlyListedCreator } from '../../../../schemas/token-claims.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/archive', {
    config: { roles: ['member', 'service', 'admin'] },
    exposeHeadRoute: false,
    onRequest: app.limits.lists.spend,
    schema: {
      operationId: 'downloadArchive',
      tags: ['Files'],
      summary: 'Download a run as one archive',
      description: 'The counted files of a run with their paths, uncompressed; members get only those that they created. An ' +
        'archive holds at most 100,000 files, and is empty if there are none. An interrupted download can be resumed with ' +
        'Range and If-Range, at any replica: as long as the files are the same, so are the archive\'s bytes and its ETag. A ' +
        'file that changes or is deleted meanwhile breaks the download off. Names that some systems cannot store are ' +
        'changed, and names that differ only in case get a number, `plot~2.png`.',
      querystring: ArchiveQuerySchema,
      response: {
        ...archiveResponses,
        ...errorResponses(
          400, 401, 412, 'ARCHIVE_TOO_LARGE', 416, 429, 'USAGE_OUT_OF_RANGE', 502, 'STORE_UNAVAILABLE', 'ARCHIVES_BUSY', 'ARCHIVE_CHANGED',
          'DATABASE_UNAVAILABLE', 'NOT_READY'),
      },
    },
  }, async ({ user, query: { workflowId, runId, direction, prefix = '', format = 'zip' } }, reply) => {
    const scope = { orgKey: user.orgKey, workflowId, runId, createdBy: onlyListedCreator(user), direction, prefix }
    return await reply.answerRunArchive(scope, format)
  })
}

export default route
