import { Type } from '@sinclair/typebox'
import { UuidSchema } from './identifiers.js'
import { NewestEventAtSchema, NextCursorSchema, PAGE_MAX, pagingParameters } from './paging.js'
import { reference } from './reference.js'
import { WorkflowUsageSchema } from './storage-usage.js'

const bytes = (description: string) => Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description })
const fileCount = Type.Integer({ minimum: 0, description: 'Number of its files.' })

const workflowSorts = ['bytes', 'files', 'newest'] as const
const runSorts = ['firstSeen', 'newest', 'bytes', 'files', 'id'] as const

export const WorkflowsQuerySchema = Type.Object({
  search: Type.Optional(Type.String({
    minLength: 1,
    maxLength: 200,
    pattern: '^[^\\u0000-\\u001f\\u007f\\ud800-\\udfff]*$',
    description: 'Only workflows with this text in their name or identifier, ignoring case.',
  })),
  sort: Type.Optional(Type.Unsafe<(typeof workflowSorts)[number]>({
    type: 'string',
    enum: [...workflowSorts],
    default: 'bytes',
    description: 'Sort order, largest or latest first; then by identifier.',
  })),
  ...pagingParameters,
}, { additionalProperties: false })

export const ListedWorkflowSchema = Type.Object({
  ...WorkflowUsageSchema.properties, newestEventAt: NewestEventAtSchema,
}, { $id: 'ListedWorkflow', description: 'A workflow that has files.' })

export const WorkflowListSchema = Type.Object({
  workflows: Type.Array(reference(ListedWorkflowSchema), { maxItems: PAGE_MAX, description: 'Up to `limit` workflows.' }),
  nextCursor: NextCursorSchema,
}, {
  $id: 'WorkflowList',
  description: 'A page of the workflows that have files.',
  examples: [{
    workflows: [{
      workflowId: '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10',
      workflowName: 'Quarterly report',
      bytes: 51300,
      fileCount: 2,
      newestEventAt: '2026-01-31T11:59:58.000Z',
    }],
    nextCursor: null,
  }],
})

export const RunsQuerySchema = Type.Object({
  sort: Type.Optional(Type.Unsafe<(typeof runSorts)[number]>({
    type: 'string',
    enum: [...runSorts],
    default: 'firstSeen',
    description: 'Sort order, largest or latest first, then by identifier. `firstSeen` is when the run was first ' +
      'counted, by the time of that file; a file with an earlier time that is counted later does not move the run. `newest` ' +
      'is the newest event, or the first file if there is none. `firstSeen` and `id` cost the same however many runs the ' +
      'workflow has.',
  })),
  ...pagingParameters,
}, { additionalProperties: false })

export const ListedRunSchema = Type.Object({
  runId: UuidSchema,
  bytes: bytes('Bytes of its files.'),
  inputBytes: bytes('Bytes of the files that went into the run.'),
  outputBytes: bytes('Bytes of the files that the run made.'),
  fileCount,
  firstSeenAt: Type.String({
    format: 'date-time',
    description: 'The earliest time of a file that was counted in it: when it was put into storage, or found there by a reconcile.',
  }),
  newestEventAt: NewestEventAtSchema,
}, { $id: 'ListedRun', description: 'A run that has files.' })

export const RunListSchema = Type.Object({
  runs: Type.Array(reference(ListedRunSchema), { maxItems: PAGE_MAX, description: 'Up to `limit` runs.' }),
  nextCursor: NextCursorSchema,
}, {
  $id: 'RunList',
  description: 'A page of a workflow\'s runs that have files.',
  examples: [{
    runs: [{
      runId: '9b2d6c1e-5d3f-4c8a-8b1d-6e7f8091a2b3',
      bytes: 51300,
      inputBytes: 3087,
      outputBytes: 48213,
      fileCount: 2,
      firstSeenAt: '2026-01-31T11:58:02.000Z',
      newestEventAt: '2026-01-31T11:59:58.000Z',
    }],
    nextCursor: null,
  }],
})
