import { Type } from '@sinclair/typebox'
import { OrgKeySchema, sentUuid } from './identifiers.js'
import { reference } from './reference.js'

// No example for optional days, since Swagger UI would fill it in.
const day = (description: string, ...examples: string[]) => Type.String({
  format: 'date', pattern: '^2[0-9]{3}-', description, ...examples.length > 0 ? { examples } : {},
})
const sum = (description: string) => Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description })

/** The most days in one answer. */
export const HISTORY_ANSWER_MAX_DAYS = 400

export const UsageHistoryQuerySchema = Type.Object({
  from: Type.Optional(day('The first day, in UTC; by default 29 days before the last one.')),
  to: Type.Optional(day('The last day, in UTC, at most 399 days after the first; by default today.')),
  workflowId: Type.Optional(sentUuid('Only the files of this workflow.')),
  createdBy: Type.Optional(sentUuid(
    'Only files created by this user; cannot be combined with `workflowId`. Admins may name anyone, others only themselves.',
  )),
}, { additionalProperties: false })

export const UsageDaySchema = Type.Object({
  date: day('The day, in UTC.', '2026-01-31'),
  totalBytes: sum('Bytes of all files at the end of the day: inputs and outputs.'),
  inputBytes: sum('Bytes of the files that went into runs.'),
  outputBytes: sum('Bytes of the files that runs made.'),
  fileCount: sum('Number of files.'),
  isFilled: Type.Boolean({
    description: 'True if the service missed the end of the day and filled it in with the figures from when it was back.',
  }),
}, { $id: 'UsageDay', description: 'What was stored at the end of one day.' })

export const UsageHistorySchema = Type.Object({
  orgKey: OrgKeySchema,
  from: day('The first day asked for.', '2026-01-30'),
  to: day('The last day asked for.', '2026-01-31'),
  days: Type.Array(reference(UsageDaySchema), {
    maxItems: HISTORY_ANSWER_MAX_DAYS,
    description: 'The known days, oldest first. Today is included with its current figures. Days before the service kept ' +
      'history, and days more than 400 days ago, are left out; so are, for one user, days recorded by a version before 0.2.',
  }),
}, {
  $id: 'UsageHistory',
  description: 'What the organisation, or one user of it, stored day by day.',
  examples: [{
    orgKey: 'demo',
    from: '2026-01-30',
    to: '2026-01-31',
    days: [
      { date: '2026-01-30', totalBytes: 3087, inputBytes: 3087, outputBytes: 0, fileCount: 1, isFilled: false },
      { date: '2026-01-31', totalBytes: 51300, inputBytes: 3087, outputBytes: 48213, fileCount: 2, isFilled: false },
    ],
  }],
})
