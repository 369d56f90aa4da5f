import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type RunsQuery, listRuns } from '../../../../db/runs/workflow-runs.js'
import { privateJsonHeaders } from '../../../../http/private-json.js'
import { createListingCursors } from '../../../../objects/listing-cursor.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { PAGE_MAX, positionAfter } from '../../../../schemas/paging.js'
import { reference } from '../../../../schemas/reference.js'
import { onlyListedCreator } from '../../../../schemas/token-claims.js'
import { RunListSchema, RunsQuerySchema } from '../../../../schemas/workflow-lists.js'
import { WorkflowParamsSchema } from '../../../../schemas/workflows.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  const cursors = createListingCursors(app.secrets.service)

  app.get('/workflows/:workflowId/runs', {
    config: { roles: ['member', 'service', 'admin'] },
    onRequest: app.limits.lists.spend,
    schema: {
      operationId: 'listRuns',
      tags: ['Files'],
      summary: 'List a workflow\'s runs',
      description: 'The runs of a workflow of the token\'s organisation that have files, with what they store. Members see ' +
        'only their own files, in figures too; admins and services see everyone\'s. An unknown workflow has no runs. Each ' +
        'page shows one instant; a run that moves between two pages may appear on both or on neither.',
      params: WorkflowParamsSchema,
      querystring: RunsQuerySchema,
      response: {
        200: reference(RunListSchema),
        ...errorResponses(400, 401, 429, 'USAGE_OUT_OF_RANGE', 'DATABASE_UNAVAILABLE', 'NOT_READY'),
      },
    },
  }, async (request, reply) => {
    await app.runs.requireCounted()
    const { sort = 'firstSeen', limit = PAGE_MAX, cursor } = request.query
    const query: RunsQuery = {
      orgKey: request.user.orgKey, workflowId: request.params.workflowId, createdBy: onlyListedCreator(request.user), sort,
    }
    const scope = JSON.stringify(['runs', query.orgKey, query.workflowId, query.createdBy ?? null, sort])
    const { runs, end } = await listRuns(app.database, query, { after: positionAfter(cursors, scope, cursor), limit })
    return await reply.headers(privateJsonHeaders).send({
      runs: runs.map((run) => ({
        ...run, firstSeenAt: run.firstSeenAt.toISOString(), newestEventAt: run.newestEventAt?.toISOString() ?? null,
      })),
      nextCursor: end === undefined ? null : cursors.seal(scope, end),
    })
  })
}

export default route
