import { type Static, Type } from '@sinclair/typebox'
import { fileNameOf, parseObjectKey } from '../objects/object-key.js'
import { digestFields } from './digests.js'
import { EXAMPLE_DOWNLOAD_URL, EXAMPLE_OBJECT_KEY } from './examples.js'
import { DirectionSchema, ObjectKeySchema, SentUuidSchema, UuidSchema } from './identifiers.js'
import { NextCursorSchema, PAGE_MAX, pagingParameters } from './paging.js'
import { reference } from './reference.js'

export const RunFilesQuerySchema = Type.Object({
  workflowId: Type.Optional(Type.String({ ...SentUuidSchema, description: 'The workflow; with `runId`.' })),
  runId: Type.Optional(Type.String({ ...SentUuidSchema, description: 'The workflow\'s run; with `workflowId`.' })),
  prefix: Type.Optional(Type.String({
    maxLength: 1024,
    pattern: '^[^\\u0000-\\u001f\\u007f\\ud800-\\udfff]*$',
    description: 'Only files whose path begins with this: a folder including its slash, or the beginning of a name. Files ' +
      'are then in the order of their paths, even if this is empty.',
  })),
  delimiter: Type.Optional(Type.Unsafe<'/'>({
    type: 'string',
    enum: ['/'],
    description: 'Files with a slash in their path after the prefix are grouped into folders. Files and folders are in the ' +
      'order of their paths.',
  })),
  sums: Type.Optional(Type.Boolean({
    description: 'Whether to add up the contents of each folder, at a cost that grows with the number of files in it.',
  })),
  objectKey: Type.Optional(Type.String({ ...ObjectKeySchema, description: 'Describes this one file; without any other parameter.' })),
  ...pagingParameters,
}, { additionalProperties: false })

export const RunFileSchema = Type.Object({
  objectKey: Type.String({ description: 'The file\'s object key: anyone who knows it may download the file.' }),
  fileName: Type.String({ description: 'The file\'s name, as the object key has it: the last part of its path.' }),
  path: Type.String({ description: 'The file\'s folders and name, separated by `/`, as the object key has them.' }),
  direction: DirectionSchema,
  createdBy: Type.String({ ...UuidSchema, description: 'The user who made the file.' }),
  bytes: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Size of the file in bytes.' }),
  createdAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
    description: 'When the file was put into storage, as storage reported it; null if a reconcile found the file.',
  }),
  downloadUrl: Type.String({ format: 'uri', description: 'The file\'s download link.' }),
  ...digestFields,
}, { $id: 'RunFile', description: 'A file of a run.' })
export type RunFile = Static<typeof RunFileSchema>

/**
 * A file as it appears in every list, from what the catalogue knows about it.
 *
 * @param file.createdAt when it was put into storage; null if only a look into the bucket found it
 * @param downloadUrlOf returns the download link for an object key
 * @returns undefined if the key is malformed. No row's key is: changing the form of keys requires moving the rows
 */
export function runFileOf (
  { objectKey, sizeBytes, createdAt }: { objectKey: string, sizeBytes: number, createdAt: Date | null },
  downloadUrlOf: (objectKey: string) => string,
): RunFile | undefined {
  const parts = parseObjectKey(objectKey)
  if (parts === undefined) return undefined
  const { path, direction, createdBy } = parts
  return {
    objectKey,
    fileName: fileNameOf(path),
    path,
    direction,
    createdBy,
    bytes: sizeBytes,
    createdAt: createdAt?.toISOString() ?? null,
    downloadUrl: downloadUrlOf(objectKey),
  }
}

export const CataloguedFileSchema = Type.Object({
  ...RunFileSchema.properties,
  workflowId: Type.String({ ...UuidSchema, description: 'The workflow that the file belongs to.' }),
  runId: Type.String({ ...UuidSchema, description: 'The workflow\'s run.' }),
  entityTag: Type.Optional(Type.String({
    description: 'The file\'s entity tag, quoted (RFC 9110, 8.8.3), if storage has reported one.',
  })),
}, { $id: 'CataloguedFile', description: 'What is known about one file.' })

export const FolderSchema = Type.Object({
  path: Type.String({ description: 'The folder\'s path, ending with `/`. Pass it as `prefix` to list its contents.' }),
  bytes: Type.Optional(Type.Integer({
    minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Bytes of all files below it. Only with `sums`.',
  })),
  fileCount: Type.Optional(Type.Integer({ minimum: 0, description: 'Number of all files below it. Only with `sums`.' })),
}, { $id: 'Folder', description: 'A folder of a run; it exists as long as there are files in it.' })

export const RunFilesSchema = Type.Object({
  folders: Type.Optional(Type.Array(reference(FolderSchema), {
    maxItems: PAGE_MAX, description: 'In the order of their paths. Only with `prefix`, `delimiter` or `sums`.',
  })),
  files: Type.Array(reference(RunFileSchema), {
    description: 'Up to `limit` entries, folders included. In the order of their object keys: by user, then inputs before ' +
      'outputs; with `prefix`, `delimiter` or `sums` in the byte order of their paths; files with the same path are adjacent.',
  }),
  nextCursor: NextCursorSchema,
}, {
  $id: 'RunFiles',
  description: 'A page of a run\'s files.',
  examples: [{
    files: [{
      objectKey: EXAMPLE_OBJECT_KEY,
      fileName: 'report.pdf',
      path: 'report.pdf',
      direction: 'outputs',
      createdBy: '5e2f1a70-1c2d-4e3f-8a9b-0c1d2e3f4a5b',
      bytes: 48213,
      createdAt: '2026-01-31T11:59:58.000Z',
      downloadUrl: EXAMPLE_DOWNLOAD_URL,
    }],
    nextCursor: null,
  }],
})
