import { Type } from '@sinclair/typebox'
import { SentUuidSchema, UuidSchema } from './identifiers.js'

export const WorkflowParamsSchema = Type.Object({ workflowId: SentUuidSchema })

export const WorkflowNameSchema = Type.Object({
  name: Type.String({
    minLength: 1, maxLength: 200, pattern: '^[^\\u0000-\\u001f\\u007f\\ud800-\\udfff]*$', description: 'The workflow\'s name, for people.',
  }),
}, {
  $id: 'WorkflowName', description: 'A name for a workflow.', additionalProperties: false, examples: [{ name: 'Quarterly report' }],
})

export const WorkflowSchema = Type.Object({
  workflowId: UuidSchema,
  workflowName: Type.String({ description: 'The workflow\'s name, for people.' }),
}, {
  $id: 'Workflow',
  description: 'A workflow and its name.',
  examples: [{ workflowId: '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10', workflowName: 'Quarterly report' }],
})
