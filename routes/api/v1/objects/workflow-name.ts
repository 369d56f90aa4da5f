import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { nameWorkflows } from '../../../../db/usage/workflow-names.js'
import { errorResponses } from '../../../../schemas/error-responses.js'
import { reference } from '../../../../schemas/reference.js'
import { WorkflowNameSchema, WorkflowParamsSchema, WorkflowSchema } from '../../../../schemas/workflows.js'

const route: FastifyPluginAsyncTypebox = async (app) => {
  app.put('/workflows/:workflowId', {
    config: { roles: ['service', 'admin'], action: 'name workflows' },
    schema: {
      operationId: 'nameWorkflow',
      tags: ['Usage'],
      summary: 'Name a workflow',
      description: 'Sets the name that storage usage shows for a workflow of the token\'s organisation.',
      params: WorkflowParamsSchema,
      body: reference(WorkflowNameSchema),
      response: { 200: reference(WorkflowSchema), ...errorResponses(400, 401, 403, 413, 415, 'DATABASE_UNAVAILABLE') },
    },
  }, async (request) => {
    const { workflowId } = request.params
    const { name } = request.body
    await nameWorkflows(app.database, request.user.orgKey, [{ workflowId, name }])
    return { workflowId, workflowName: name }
  })
}

export default route
