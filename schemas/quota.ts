import { Type } from '@sinclair/typebox'
import { OrgKeySchema } from './identifiers.js'

const quotaBytes = Type.Union([Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }), Type.Null()], {
  description: 'Bytes that the organisation may store; null for no limit.',
})

export const QuotaRequestSchema = Type.Object({ quotaBytes }, {
  $id: 'QuotaRequest',
  description: 'What the organisation may store from now on.',
  additionalProperties: false,
  examples: [{ quotaBytes: 107374182400 }],
})

export const QuotaSchema = Type.Object({ orgKey: OrgKeySchema, quotaBytes }, {
  $id: 'Quota', description: 'What an organisation may store.', examples: [{ orgKey: 'demo', quotaBytes: 107374182400 }],
})
