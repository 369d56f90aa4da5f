import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { nameWorkflow } from '../../../../db/usage/workflow-names.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { ForbiddenError } from '../../../../schemas/errors.js'
import { reference } from '../../../../schemas/reference.js'
import { WorkflowNameSchema, WorkflowParamsSchema, WorkflowSchema } from '../../../../schemas/workflows.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.put('/workflows/:workflowId', {
    onRequest: app.authenticate,
    schema: {
      operationId: 'nameWorkflow',
      tags: ['Usage'],
      summary: 'Name a workflow',
      description: 'Sets the name that storage usage shows for a workflow of the token\'s organisation. For `service` and `admin`.',
      security: [{ bearerAuth: [] }],
      params: WorkflowParamsSchema,
      body: reference(WorkflowNameSchema),
      response: { 200: reference(WorkflowSchema), ...errorResponses(400, 401, 403, 413, 415, 'DATABASE_UNAVAILABLE') },
    },
  }, async (request) => {
    const { orgKey, role } = request.user
    if (role === 'member') throw new ForbiddenError('Only a service or an admin may name workflows.')
    const { workflowId } = request.params
    const { name } = request.body
    await nameWorkflow(app.database, { orgKey, workflowId, name })
    return { workflowId, workflowName: name }
  })
}

export default route
