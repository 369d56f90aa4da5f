import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { describeCountedFiles } from '../../../../db/digests.js'
import { listLargestFiles } from '../../../../db/usage/largest-files.js'
import { capabilityJsonHeaders } from '../../../../downloads/headers.js'
import { createListingCursors } from '../../../../objects/listing-cursor.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { PAGE_MAX, positionAfter } from '../../../../schemas/paging.js'
import { reference } from '../../../../schemas/reference.js'
import { runFileOf } from '../../../../schemas/run-files.js'
import { LargestFilesQuerySchema, LargestFilesSchema } from '../../../../schemas/storage-usage-lists.js'
import { onlyListedCreator } from '../../../../schemas/token-claims.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  const cursors = createListingCursors(app.secrets.service)

  app.get('/storage-usage/largest', {
    config: { roles: ['member', 'service', 'admin'] },
    onRequest: app.limits.lists.spend,
    schema: {
      operationId: 'listLargestFiles',
      tags: ['Usage'],
      summary: 'List the largest files',
      description: 'The files of 1 MiB and more in the token\'s organisation, the largest first, each with its object key ' +
        'and download link. Anyone who has those can read the file, so members get only the files that they created; admins ' +
        'and services get all. Each page shows one instant; a file whose size changes between two pages may appear on both ' +
        'or on neither.',
      querystring: LargestFilesQuerySchema,
      response: { 200: reference(LargestFilesSchema), ...errorResponses(400, 401, 429, 'DATABASE_UNAVAILABLE', 'NOT_READY') },
    },
  }, async (request, reply) => {
    await app.runs.requireCounted()
    const { limit = PAGE_MAX, cursor } = request.query
    const filter = { orgKey: request.user.orgKey, createdBy: onlyListedCreator(request.user) }
    const scope = JSON.stringify(['largest files', filter.orgKey, filter.createdBy ?? null])
    const { files, end } = await listLargestFiles(app.database, filter, { after: positionAfter(cursors, scope, cursor), limit })
    const digests = await describeCountedFiles(app.database, files.map(({ objectKey }) => objectKey))
    return await reply.headers(capabilityJsonHeaders).send({
      files: files.flatMap((file) => {
        const item = runFileOf(file, (objectKey) => app.downloadUrl(request, objectKey))
        const { workflowId, runId } = file
        return item === undefined ? [] : { ...item, workflowId, runId, ...digests.get(file.objectKey) }
      }),
      nextCursor: end === undefined ? null : cursors.seal(scope, end),
    })
  })
}

export default route
