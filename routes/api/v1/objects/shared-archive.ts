import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { SharedArchiveQuerySchema, archiveResponses } from '../../../../schemas/archives.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { SharedParamsSchema } from '../../../../schemas/shares.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/shared/:sealed/archive', {
    exposeHeadRoute: false,
    onResponse: async ({ shareId }, { statusCode }) => {
      if (shareId !== undefined && statusCode < 400) app.shareUses.count(shareId)
    },
    schema: {
      operationId: 'openShareAsArchive',
      tags: ['Files'],
      summary: 'Download what a share link leads to as one archive',
      description: 'Needs no token. The files of a run, folder or selection, or the one file, as `GET /archive` would send ' +
        'them. Unknown parameters are ignored.',
      security: [],
      params: SharedParamsSchema,
      querystring: SharedArchiveQuerySchema,
      response: {
        ...archiveResponses,
        ...errorResponses(
          400, 'SHARE_NOT_FOUND', 412, 'ARCHIVE_TOO_LARGE', 416, 429, 'USAGE_OUT_OF_RANGE', 'SHARES_NOT_CONFIGURED', 502, 'STORE_UNAVAILABLE',
          'ARCHIVES_BUSY', 'ARCHIVE_CHANGED', 'DATABASE_UNAVAILABLE', 'NOT_READY'),
      },
    },
  }, async ({ params: { sealed }, query: { format = 'zip' } }, reply) =>
    await reply.answerSharedArchive(await app.shares.open(reply, sealed), format))
}

export default route
