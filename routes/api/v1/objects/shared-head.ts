import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { prefersHtml } from '../../../../http/accept.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { ObjectNotFoundError, ShareNotFoundError } from '../../../../schemas/errors.js'
import { SharedParamsSchema, SharedQuerySchema } from '../../../../schemas/shares.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.head('/shared/:sealed', {
    config: { swagger: { exposeHeadRoute: true } },
    errorHandler: (error) => { throw error instanceof ObjectNotFoundError ? new ShareNotFoundError() : error },
    schema: {
      operationId: 'describeShare',
      tags: ['Files'],
      summary: 'Describe what a share link leads to',
      description: 'The headers that a streamed download of the file has, or those of the page. Never a redirect, and not counted as a ' +
        'use. Needs no token.',
      security: [],
      params: SharedParamsSchema,
      querystring: SharedQuerySchema,
      response: {
        200: Type.Null({ description: 'The file is there, or the link leads to a run or folder.' }),
        304: Type.Null({ description: 'The client has the file as it is now.' }),
        ...errorResponses(400, 'SHARE_NOT_FOUND', 412, 429, 'SHARES_NOT_CONFIGURED', 502, 'STORE_UNAVAILABLE', 'DATABASE_UNAVAILABLE'),
      },
    },
  }, async ({ params: { sealed }, query: { as }, headers: { accept } }, reply) => {
    const { target, disposition: asked } = await app.shares.open(reply, sealed)
    if (target.kind !== 'file') return reply.describeSharePage(as !== 'json' && prefersHtml(accept) ? 'html' : 'json')
    return await reply.describeFile({ objectKey: target.objectKey, asked })
  })
}

export default route
