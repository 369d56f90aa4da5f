import { type Static, Type } from '@sinclair/typebox'
import { UuidSchema } from './identifiers.js'

export const WorkflowParamsSchema = Type.Object({ workflowId: UuidSchema })

export const WorkflowNameSchema = Type.Object({
  name: Type.String({
    minLength: 1, maxLength: 200, pattern: '^[^\\u0000-\\u001f\\u007f]*$', description: 'The workflow\'s name, for people.',
  }),
}, { $id: 'WorkflowName', additionalProperties: false, examples: [{ name: 'Quarterly report' }] })

export const WorkflowSchema = Type.Object({
  workflowId: UuidSchema,
  workflowName: Type.String(),
}, { $id: 'Workflow', examples: [{ workflowId: '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10', workflowName: 'Quarterly report' }] })
export type Workflow = Static<typeof WorkflowSchema>
