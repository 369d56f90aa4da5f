import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { DownloadQuerySchema } from '../../../../schemas/download.js'
import { errorResponses } from '../../../../schemas/error-responses.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.head('/download', {
    config: { swagger: { exposeHeadRoute: true } },
    schema: {
      operationId: 'describeFile',
      tags: ['Files'],
      summary: 'Describe a file',
      description: 'The headers that a streamed download has: Content-Length, Content-Type, ETag, Last-Modified, Accept-Ranges, ' +
        'Content-Disposition, and Repr-Digest where a digest of the file is verified. Never a redirect. Needs no token. ' +
        'Unknown parameters are ignored.',
      security: [],
      querystring: DownloadQuerySchema,
      response: {
        200: Type.Null({ description: 'The file is there.' }),
        304: Type.Null({ description: 'The client has the file as it is now.' }),
        ...errorResponses(400, 'OBJECT_NOT_FOUND', 412, 429, 502, 'STORE_UNAVAILABLE'),
      },
    },
  }, async (request, reply) => {
    const { objectKey, type: asked = 'attachment' } = request.query
    return await reply.describeFile({ objectKey, asked })
  })
}

export default route
