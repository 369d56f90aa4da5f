import { type Static, Type } from '@sinclair/typebox'
import { fileNameOf, parseObjectKey } from '../objects/object-key.js'
import { EXAMPLE_DOWNLOAD_URL, EXAMPLE_OBJECT_KEY } from './examples.js'
import { DirectionSchema, SentUuidSchema, UuidSchema } from './identifiers.js'
import { NextCursorSchema, PAGE_MAX, pagingParameters } from './paging.js'
import { reference } from './reference.js'

export const RunFilesQuerySchema = Type.Object({
  workflowId: Type.String({ ...SentUuidSchema, description: 'The workflow.' }),
  runId: Type.String({ ...SentUuidSchema, description: 'The workflow\'s run.' }),
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
    description: 'When the file was put into storage, as storage reported it; null where a reconcile found the file.',
  }),
  downloadUrl: Type.String({ format: 'uri', description: 'The file\'s download link.' }),
}, { $id: 'RunFile', description: 'A file of a run.' })
export type RunFile = Static<typeof RunFileSchema>

/**
 * A file as every list has it, of what the catalogue knows of it.
 *
 * @param file.createdAt when it was put into storage; null where only a look into the bucket found it
 * @param downloadUrlOf gives the download link of an object key
 * @returns undefined where the key has not the form. Every row's has it: a change of the form must move the rows
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

export const RunFilesSchema = Type.Object({
  files: Type.Array(reference(RunFileSchema), {
    maxItems: PAGE_MAX, description: 'Up to `limit` files, in the order of their object keys: by user, then inputs before outputs.',
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
