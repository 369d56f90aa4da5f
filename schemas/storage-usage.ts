import { type Static, Type } from '@sinclair/typebox'
import { OrgKeySchema, UuidSchema, sentUuid } from './identifiers.js'
import { reference } from './reference.js'

export const StorageUsageQuerySchema = Type.Object({
  // No example: Swagger UI would fill it in, and ask for a user who does not exist.
  createdBy: Type.Optional(sentUuid('Only files created by this user. Admins may name anyone, others only themselves.')),
}, { additionalProperties: false })

const bytes = (description: string) => Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description })

const timeOrNull = (description: string) => Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description })

export const WorkflowUsageSchema = Type.Object({
  workflowId: UuidSchema,
  workflowName: Type.String({ description: 'The workflow\'s name; its id if it has none.' }),
  bytes: bytes('Bytes of its files.'),
  fileCount: Type.Integer({ minimum: 0, description: 'Number of its files.' }),
}, { $id: 'WorkflowUsage', description: 'What one workflow stores.' })

export const StorageUsageSchema = Type.Object({
  orgKey: OrgKeySchema,
  totalBytes: bytes('Bytes of all files: inputs and outputs.'),
  inputBytes: bytes('Bytes of the files that went into runs.'),
  outputBytes: bytes('Bytes of the files that runs made.'),
  fileCount: Type.Integer({ minimum: 0, description: 'Number of files.' }),
  quotaBytes: Type.Optional(bytes('Bytes that the organisation may store. Only if that is limited, and not with `createdBy`.')),
  asOf: timeOrNull('Time of the newest event in these figures; null if there is none.'),
  countedAt: timeOrNull('When the event of `asOf` was counted, by the database\'s clock: events that arrive late show here. Null if unknown.'),
  reconciledAt: timeOrNull('When the last complete reconcile of the organisation began; null if none has completed.'),
  unfinishedBytes: Type.Union([Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }), Type.Null()], {
    description: 'Bytes of parts in the storage whose uploads are not completed, whoever began them, as of `unfinishedAsOf`; with ' +
      '`createdBy`, under that user\'s keys. They cost money, but are in no other figure and in no quota. Null before the ' +
      'first look.',
  }),
  unfinishedAsOf: timeOrNull('When the last look at unfinished uploads began; null if there was none.'),
  breakdown: Type.Array(reference(WorkflowUsageSchema), {
    description: 'Every workflow that has files, by bytes descending, then by id. Its bytes and counts add up to the totals.',
  }),
}, {
  $id: 'StorageUsage',
  description: 'What the organisation stores, to the byte.',
  examples: [{
    orgKey: 'demo',
    totalBytes: 51300,
    inputBytes: 3087,
    outputBytes: 48213,
    fileCount: 2,
    asOf: '2026-01-31T11:59:58.000Z',
    countedAt: '2026-01-31T11:59:58.214Z',
    reconciledAt: '2026-01-31T03:00:00.000Z',
    unfinishedBytes: 0,
    unfinishedAsOf: '2026-01-31T11:20:00.000Z',
    breakdown: [{ workflowId: '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10', workflowName: 'Quarterly report', bytes: 51300, fileCount: 2 }],
  }],
})
export type StorageUsage = Static<typeof StorageUsageSchema>
