import { Type } from '@sinclair/typebox'
import { EXAMPLE_DOWNLOAD_URL, EXAMPLE_OBJECT_KEY } from './examples.js'
import { UuidSchema } from './identifiers.js'
import { NewestEventAtSchema, NextCursorSchema, PAGE_MAX, pagingParameters } from './paging.js'
import { reference } from './reference.js'
import { RunFileSchema } from './run-files.js'

const bytes = (description: string) => Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description })

export const UserUsageQuerySchema = Type.Object(pagingParameters, { additionalProperties: false })

export const UserUsageSchema = Type.Object({
  createdBy: Type.String({ ...UuidSchema, description: 'The user.' }),
  bytes: bytes('Bytes of all files that the user made: inputs and outputs.'),
  inputBytes: bytes('Bytes of those that went into runs.'),
  outputBytes: bytes('Bytes of those that runs made.'),
  fileCount: Type.Integer({ minimum: 0, description: 'Number of files.' }),
  newestEventAt: NewestEventAtSchema,
}, { $id: 'UserUsage', description: 'What one user stores.' })

export const UserUsageListSchema = Type.Object({
  users: Type.Array(reference(UserUsageSchema), {
    maxItems: PAGE_MAX, description: 'Up to `limit` users who have files, by bytes descending, then by id.',
  }),
  nextCursor: NextCursorSchema,
}, {
  $id: 'UserUsageList',
  description: 'A page of the users who have files.',
  examples: [{
    users: [{
      createdBy: '5e2f1a70-1c2d-4e3f-8a9b-0c1d2e3f4a5b',
      bytes: 51300,
      inputBytes: 3087,
      outputBytes: 48213,
      fileCount: 2,
      newestEventAt: '2026-01-31T11:59:58.000Z',
    }],
    nextCursor: null,
  }],
})

export const LargestFilesQuerySchema = Type.Object(pagingParameters, { additionalProperties: false })

export const LargestFileSchema = Type.Object({
  ...RunFileSchema.properties,
  workflowId: Type.String({ ...UuidSchema, description: 'The workflow that the file belongs to.' }),
  runId: Type.String({ ...UuidSchema, description: 'The workflow\'s run.' }),
}, { $id: 'LargestFile', description: 'A file of 1 MiB or more.' })

export const LargestFilesSchema = Type.Object({
  files: Type.Array(reference(LargestFileSchema), {
    maxItems: PAGE_MAX,
    description: 'Up to `limit` files of 1 MiB and more, the largest first. Files of the same size are in a stable order.',
  }),
  nextCursor: NextCursorSchema,
}, {
  $id: 'LargestFiles',
  description: 'A page of the largest files.',
  examples: [{
    files: [{
      objectKey: EXAMPLE_OBJECT_KEY,
      fileName: 'report.pdf',
      path: 'report.pdf',
      direction: 'outputs',
      createdBy: '5e2f1a70-1c2d-4e3f-8a9b-0c1d2e3f4a5b',
      bytes: 48213007,
      createdAt: '2026-01-31T11:59:58.000Z',
      downloadUrl: EXAMPLE_DOWNLOAD_URL,
      workflowId: '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10',
      runId: '9b2d6c1e-5d3f-4c8a-8b1d-6e7f8091a2b3',
    }],
    nextCursor: null,
  }],
})
