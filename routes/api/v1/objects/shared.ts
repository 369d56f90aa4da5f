import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { prefersHtml, prefersJson } from '../../../../http/accept.js'
import { DownloadLinkSchema } from '../../../../schemas/download.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { ObjectNotFoundError, ShareNotFoundError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'
import { SharedFilesSchema, SharedParamsSchema, SharedQuerySchema } from '../../../../schemas/shares.js'
import type { ShareContent } from '../../../../shares/pack-share.js'

const bytes = Type.Unsafe<unknown>({ type: 'string', format: 'binary' })

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/shared/:sealed', {
    exposeHeadRoute: false,
    // Written later, in batches: downloads do not wait for it.
    onResponse: async ({ shareId }, { statusCode }) => {
      if (shareId !== undefined && statusCode < 400) app.shareUses.count(shareId)
    },
    // Nobody is told whether the text is not a link, the link has ended, or its file is gone.
    errorHandler: (error) => { throw error instanceof ObjectNotFoundError ? new ShareNotFoundError() : error },
    schema: {
      operationId: 'openShare',
      tags: ['Files'],
      summary: 'Open a share link',
      description: 'Needs no token: the link is itself the permission, until it ends or is revoked. A file is answered as a ' +
        'download is, with the `type` that the link\'s maker chose: a redirect, or its bytes if SHARE_MODE is `stream`, or ' +
        'JSON that says where it can be read from, which with `stream` is the link itself. For a run, a folder or a ' +
        'selection the answer lists the files and folders, up to 100 at a time, each with a link of its own: as HTML for ' +
        'browsers, as JSON for all others. Links that were never made, were changed, have ended or were revoked are all ' +
        'answered alike. Unknown parameters are ignored.',
      security: [],
      params: SharedParamsSchema,
      querystring: SharedQuerySchema,
      response: {
        200: {
          description: 'The file\'s bytes, or where it can be read from, or a page of files.',
          content: {
            'application/json': {
              schema: Type.Union([reference(DownloadLinkSchema), reference(SharedFilesSchema)]),
            },
            'text/html': { schema: Type.String() },
            // With the type that the file is stored with.
            '*/*': { schema: bytes },
          },
        },
        206: { description: 'The range of bytes that was asked for.', content: { '*/*': { schema: bytes } } },
        302: Type.Null({
          description: 'The file is at the pre-signed URL in Location, which is for GET alone, and shows the file\'s object key.',
          headers: {
            Location: { type: 'string', format: 'uri-reference', description: 'A pre-signed URL; relative where the object storage is embedded.' },
          },
        }),
        304: Type.Null({ description: 'The client has the file as it is now.' }),
        ...errorResponses(
          400, 'SHARE_NOT_FOUND', 412, 416, 429, 'USAGE_OUT_OF_RANGE', 'SHARES_NOT_CONFIGURED', 502, 'STORE_UNAVAILABLE',
          'DATABASE_UNAVAILABLE', 'NOT_READY'),
      },
    },
  }, (request, reply) => {
    const { params: { sealed }, query: { as, cursor }, headers: { accept } } = request
    const answer = (share: ShareContent) => {
      const { target, disposition } = share
      if (target.kind !== 'file') {
        return reply.answerSharePage(share, target, { sealed, cursor, wanted: as !== 'json' && prefersHtml(accept) ? 'html' : 'json' })
      }
      return reply.answerFile({
        objectKey: target.objectKey,
        asked: disposition,
        wanted: as === 'json' || prefersJson(accept) ? 'json' : 'file',
        policy: app.shares.policy,
        ownLink: app.shares.showsKeys
          ? undefined
          : { url: app.shareUrl(request, sealed), expiresAt: new Date(share.expiresAtMs) },
      })
    }
    const opened = app.shares.open(reply, sealed)
    return opened instanceof Promise ? opened.then(answer) : answer(opened)
  })
}

export default route
