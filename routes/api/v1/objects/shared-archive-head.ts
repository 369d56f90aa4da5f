import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { SharedArchiveQuerySchema } from '../../../../schemas/archives.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { SharedParamsSchema } from '../../../../schemas/shares.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.head('/shared/:sealed/archive', {
    config: { swagger: { exposeHeadRoute: true } },
    schema: {
      operationId: 'describeShareAsArchive',
      tags: ['Files'],
      summary: 'Describe what a share link leads to as one archive',
      description: 'The headers that its download has. Not counted as a use. Needs no token.',
      security: [],
      params: SharedParamsSchema,
      querystring: SharedArchiveQuerySchema,
      response: {
        200: Type.Null({ description: 'The archive\'s headers.' }),
        304: Type.Null({ description: 'The client has the archive as it is now.' }),
        ...errorResponses(
          400, 'SHARE_NOT_FOUND', 412, 'ARCHIVE_TOO_LARGE', 429, 'USAGE_OUT_OF_RANGE', 'SHARES_NOT_CONFIGURED', 502, 'STORE_UNAVAILABLE',
          'ARCHIVES_BUSY', 'DATABASE_UNAVAILABLE', 'NOT_READY'),
      },
    },
  }, async ({ params: { sealed }, query: { format = 'zip' } }, reply) =>
    await reply.answerSharedArchive(await app.shares.open(reply, sealed), format))
}

export default route
