import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { prefersJson } from '../../../../http/accept.js'
import { signalWhenGone } from '../../../../http/client-gone.js'
import { evaluatePreconditions, isConditional } from '../../../../http/preconditions.js'
import { capabilityJsonHeaders, redirectHeaders } from '../../../../downloads/headers.js'
import { type FoundObject, describeLink } from '../../../../downloads/links.js'
import { DownloadLinkSchema, DownloadQuerySchema } from '../../../../schemas/download.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { PreconditionFailedError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'

const linkHeaders = { ...capabilityJsonHeaders, vary: 'accept' } as const
const bytes = Type.Unsafe<unknown>({ type: 'string', format: 'binary' })

const route: FastifyPluginAsyncTypebox = async (app) => {
  const { downloadPolicy, existence, downloadLink } = app

  app.get('/download', {
    exposeHeadRoute: false,
    schema: {
      operationId: 'downloadFile',
      tags: ['Files'],
      summary: 'Download a file',
      description: 'Needs no token: the object key is unguessable and is itself the permission. Answers with a redirect to a ' +
        'pre-signed URL, or with the file\'s bytes where the service is set to stream. A request with `as=json`, or whose Accept ' +
        'header wants `application/json` more than anything else, gets the pre-signed URL as JSON instead, for programs that ' +
        'cannot follow a redirect to another origin. HTML, SVG and other active content asked for with `type=inline` is always ' +
        'sent by the service itself, in a sandbox. Preconditions (If-Match and the like) hold for JSON and for bytes that the ' +
        'service sends, ranges for the latter. Behind a redirect it is the storage that honours both: its 412 and 416 are XML, ' +
        'of no shape that is documented here. Parameters that are not known are ignored.',
      security: [],
      querystring: DownloadQuerySchema,
      response: {
        200: {
          description: 'The pre-signed URL as JSON, or the file\'s bytes.',
          content: {
            'application/json': { schema: reference(DownloadLinkSchema) },
            // The type that the file is stored with.
            '*/*': { schema: bytes },
          },
        },
        206: { description: 'The range of bytes that was asked for.', content: { '*/*': { schema: bytes } } },
        302: Type.Null({
          description: 'The file is at the pre-signed URL in Location, which is for GET alone. The redirect is not to be kept; the URL ' +
            'stays the same for a while, and so may the bytes.',
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

    const answer = (stored: FoundObject) => {
      const { kind, disposition } = downloadPolicy.decide(wanted, asked, stored.contentType)
      if (kind === 'stream') return reply.streamFile({ objectKey, asked })
      const link = downloadLink(objectKey, stored, disposition, Date.now())
      if (kind === 'redirect') {
        return reply.status(302).headers(redirectHeaders).header('location', app.redirectTarget(request, link.url)).send()
      }
      const reachable = { ...link, url: app.reachableUrl(request, link.url) }
      return reply.headers(linkHeaders).send(describeLink(objectKey, stored, reachable))
    }
    /** Of the file as it is now, not as it was found a short time ago. */
    const answerIfAsRequired = async () => {
      const signal = signalWhenGone(reply.raw)
      const stored = await app.findFile(reply, objectKey, signal, () => app.objectStorage.head(objectKey, signal))
      const outcome = evaluatePreconditions(request, stored, new Date())
      if (outcome === 'precondition-failed') throw new PreconditionFailedError()
      return outcome === 'not-modified' ? reply.status(304).headers(linkHeaders).send() : answer({ ...stored, links: {} })
    }

    if (downloadPolicy.streamsAnyFile(wanted)) return reply.streamFile({ objectKey, asked })
    if (wanted === 'json' && isConditional(request)) return answerIfAsRequired()
    const known = existence.known(objectKey)
    // So it is for most downloads, and a promise would only cost them time.
    if (known !== undefined) return answer(known)
    const find = async () => {
      const signal = signalWhenGone(reply.raw)
      return await answer(await app.findFile(reply, objectKey, signal, async () => await existence.find(objectKey)))
    }
    return find()
  })
}

export default route
