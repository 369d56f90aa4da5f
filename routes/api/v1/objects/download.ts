import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { prefersJson } from '../../../../http/accept.js'
import { DownloadLinkSchema, DownloadQuerySchema } from '../../../../schemas/download.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { reference } from '../../../../schemas/reference.js'

const bytes = Type.Unsafe<unknown>({ type: 'string', format: 'binary' })

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/download', {
    exposeHeadRoute: false,
    schema: {
      operationId: 'downloadFile',
      tags: ['Files'],
      summary: 'Download a file',
      description: 'Needs no token: the object key is unguessable and is itself the permission. Answers with a redirect to a ' +
        'pre-signed URL, or with the file\'s bytes if the service is set to stream. A request with `as=json`, or whose ' +
        'Accept header wants `application/json` more than anything else, gets the pre-signed URL as JSON instead, for ' +
        'programs that cannot follow a redirect to another origin. HTML, SVG and other active content asked for with ' +
        '`type=inline` is always sent by the service itself, in a sandbox. Preconditions (If-Match and the like) apply to ' +
        'JSON and to bytes that the service sends, ranges to the latter. Behind a redirect the storage honours both: its ' +
        '412 and 416 are XML, in a shape that is not documented here. Unknown parameters are ignored.',
      security: [],
      querystring: DownloadQuerySchema,
      response: {
        200: {
          description: 'The pre-signed URL as JSON, or the file\'s bytes.',
          content: {
            'application/json': { schema: reference(DownloadLinkSchema) },
            // With the type that the file is stored with.
            '*/*': { schema: bytes },
          },
        },
        206: { description: 'The range of bytes that was asked for.', content: { '*/*': { schema: bytes } } },
        302: Type.Null({
          description: 'The file is at the pre-signed URL in Location, which is for GET alone. Do not cache the redirect; ' +
            'the URL stays the same for a while, so the bytes can be cached.',
          headers: {
            Location: {
              type: 'string',
              format: 'uri-reference',
              description: 'A pre-signed URL, valid for DOWNLOAD_URL_TTL seconds at most; relative where the object storage is embedded.',
            },
          },
        }),
        304: Type.Null({ description: 'The client has the file as it is now.' }),
        ...errorResponses(400, 'OBJECT_NOT_FOUND', 412, 416, 429, 502, 'STORE_UNAVAILABLE'),
      },
    },
  }, (request, reply) => {
    const { objectKey, type: asked = 'attachment', as } = request.query
    const wanted = as === 'json' || prefersJson(request.headers.accept) ? 'json' : 'file'
    return reply.answerFile({ objectKey, asked, wanted, policy: app.downloadPolicy })
  })
}

export default route
