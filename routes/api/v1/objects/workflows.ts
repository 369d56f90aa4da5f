import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type WorkflowsQuery, listWorkflows } from '../../../../db/runs/workflows.js'
import { privateJsonHeaders } from '../../../../http/private-json.js'
import { createListingCursors } from '../../../../objects/listing-cursor.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { PAGE_MAX, positionAfter } from '../../../../schemas/paging.js'
import { reference } from '../../../../schemas/reference.js'
import { onlyListedCreator } from '../../../../schemas/token-claims.js'
import { WorkflowListSchema, WorkflowsQuerySchema } from '../../../../schemas/workflow-lists.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  const cursors = createListingCursors(app.secrets.service)

  app.get('/workflows', {
    config: { roles: ['member', 'service', 'admin'] },
    onRequest: app.limits.lists.spend,
    schema: {
      operationId: 'listWorkflows',
      tags: ['Files'],
      summary: 'List workflows',
      description: 'The workflows of the token\'s organisation that have files, with what they store. Members see only ' +
        'their own files, in figures too; admins and services see everyone\'s. Each page shows one instant; a workflow that ' +
        'moves between two pages may appear on both or on neither.',
      querystring: WorkflowsQuerySchema,
      response: { 200: reference(WorkflowListSchema), ...errorResponses(400, 401, 429, 'USAGE_OUT_OF_RANGE', 'DATABASE_UNAVAILABLE') },
    },
  }, async (request, reply) => {
    const { search, sort = 'bytes', limit = PAGE_MAX, cursor } = request.query
    const query: WorkflowsQuery = { orgKey: request.user.orgKey, createdBy: onlyListedCreator(request.user), search, sort }
    const scope = JSON.stringify(['workflows', query.orgKey, query.createdBy ?? null, search ?? null, sort])
    const { workflows, end } = await listWorkflows(app.database, query, { after: positionAfter(cursors, scope, cursor), limit })
    return await reply.headers(privateJsonHeaders).send({
      workflows: workflows.map((workflow) => ({ ...workflow, newestEventAt: workflow.newestEventAt?.toISOString() ?? null })),
      nextCursor: end === undefined ? null : cursors.seal(scope, end),
    })
  })
}

export default route
