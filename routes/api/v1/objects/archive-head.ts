import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { ArchiveQuerySchema } from '../../../../schemas/archives.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { onlyListedCreator } from '../../../../schemas/token-claims.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.head('/archive', {
    config: { roles: ['member', 'service', 'admin'], swagger: { exposeHeadRoute: true } },
    onRequest: app.limits.lists.spend,
    schema: {
      operationId: 'describeArchive',
      tags: ['Files'],
      summary: 'Describe the archive of a run',
      description: 'The headers that its download has: its length and ETag are those of the files as they are now.',
      querystring: ArchiveQuerySchema,
      response: {
        200: Type.Null({ description: 'The archive\'s headers.' }),
        304: Type.Null({ description: 'The client has the archive as it is now.' }),
        ...errorResponses(
          400, 401, 412, 'ARCHIVE_TOO_LARGE', 429, 'USAGE_OUT_OF_RANGE', 502, 'STORE_UNAVAILABLE', 'ARCHIVES_BUSY', 'DATABASE_UNAVAILABLE', 'NOT_READY'),
      },
    },
  }, async ({ user, query: { workflowId, runId, direction, prefix = '', format = 'zip' } }, reply) => {
    const scope = { orgKey: user.orgKey, workflowId, runId, createdBy: onlyListedCreator(user), direction, prefix }
    return await reply.answerRunArchive(scope, format)
  })
}

export default route
