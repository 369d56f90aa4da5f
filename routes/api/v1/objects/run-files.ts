import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { listFiles } from '../../../../db/run-files.js'
import { capabilityJsonHeaders } from '../../../../downloads/headers.js'
import { createListingCursors } from '../../../../objects/listing-cursor.js'
import { prefixOf } from '../../../../objects/object-key.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { InvalidRequestError } from '../../../../schemas/errors.js'
import { PAGE_MAX } from '../../../../schemas/paging.js'
import { reference } from '../../../../schemas/reference.js'
import { RunFilesQuerySchema, RunFilesSchema, runFileOf } from '../../../../schemas/run-files.js'
import { hasRole } from '../../../../schemas/token-claims.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  const cursors = createListingCursors(app.secrets.service, app.config.S3_SECRET_KEY)

  app.get('', {
    config: { roles: ['member', 'service', 'admin'] },
    onRequest: app.limits.lists.spend,
    schema: {
      operationId: 'listRunFiles',
      tags: ['Files'],
      summary: 'List a run\'s files',
      description: 'The files of one run in the token\'s organisation that are counted in its usage, up to 100 at a time, each with its ' +
        'object key and download link. Anyone who has those may read the file: an admin and a service get all of them, a member those that ' +
        'the member made. A run that is not known has no files. Media types are not known here: links tell them.',
      querystring: RunFilesQuerySchema,
      response: { 200: reference(RunFilesSchema), ...errorResponses(400, 401, 429, 'DATABASE_UNAVAILABLE') },
    },
  }, async (request, reply) => {
    const { orgKey, userId } = request.user
    const { workflowId, runId, limit = PAGE_MAX, cursor } = request.query
    const prefix = prefixOf({ orgKey, workflowId, runId, createdBy: hasRole(request.user, ['service', 'admin']) ? undefined : userId })
    const after = cursor === undefined ? undefined : cursors.open(prefix, cursor)
    if (cursor !== undefined && after === undefined) throw new InvalidRequestError('querystring/cursor is not one of this listing.')

    const { files, hasMore } = await listFiles(app.database, prefix, { after, maxFiles: limit })
    const last = files.at(-1)
    return await reply.headers(capabilityJsonHeaders).send({
      files: files.flatMap((file) => runFileOf(file, (objectKey) => app.downloadUrl(request, objectKey)) ?? []),
      nextCursor: hasMore && last !== undefined ? cursors.seal(prefix, last.objectKey) : null,
    })
  })
}

export default route
