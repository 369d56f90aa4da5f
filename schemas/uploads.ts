import { Type } from '@sinclair/typebox'
import { FILE_NAME_MAX_BYTES, PATH_MAX_BYTES } from '../objects/object-key.js'
import { EXAMPLE_DOWNLOAD_URL, EXAMPLE_OBJECT_KEY, examplePresignedUrl } from './examples.js'
import { DirectionSchema, SentUuidSchema } from './identifiers.js'

export const UploadRequestSchema = Type.Object({
  workflowId: SentUuidSchema,
  runId: SentUuidSchema,
  direction: DirectionSchema,
  path: Type.Optional(Type.String({
    minLength: 1,
    maxLength: PATH_MAX_BYTES,
    description: 'The file\'s name with the folders that it is in, separated by single slashes: 1 to 400 bytes of UTF-8. Each name ' +
      'is as `fileName`.',
    examples: ['plots/2026/a.png'],
  })),
  fileName: Type.Optional(Type.String({
    minLength: 1,
    maxLength: FILE_NAME_MAX_BYTES,
    description: 'The name of a file without folders: 1 to 255 bytes of UTF-8 without `/` or control characters, not `.` or `..`.',
  })),
  contentType: Type.String({
    pattern: '^[!#$%&\'*+.^_`|~0-9A-Za-z-]+/[!#$%&\'*+.^_`|~0-9A-Za-z-]+([ \\t]*;[ \\t]*[\\x20-\\x7e]+)?$',
    maxLength: 255,
    description: 'The media type that the file is stored with (RFC 9110, 8.3.1); the upload must send just this one.',
  }),
  sizeBytes: Type.Optional(Type.Integer({
    minimum: 0, maximum: 5 * 1024 ** 3, description: 'The file\'s exact size, which the upload must then have: at most 5 GiB, as S3 allows in one PUT.',
  })),
}, {
  $id: 'UploadRequest',
  description: 'A file to make a place for: it has either a `path` or a `fileName`.',
  additionalProperties: false,
  oneOf: [{ required: ['path'] }, { required: ['fileName'] }],
  examples: [{
    workflowId: '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10',
    runId: '9b2d6c1e-5d3f-4c8a-8b1d-6e7f8091a2b3',
    direction: 'outputs',
    path: 'report.pdf',
    contentType: 'application/pdf',
    sizeBytes: 48213,
  }],
})

export const UploadSchema = Type.Object({
  objectKey: Type.String({ description: 'The key of the future file. Anyone who knows it may download the file.' }),
  url: Type.String({ format: 'uri', description: 'Send the file here with PUT, and with the headers below.' }),
  headers: Type.Record(Type.String(), Type.String(), {
    description: 'Headers that the PUT must send with just these values. Content-Length is not among them, since every HTTP ' +
      'client sends it by itself and browsers forbid to set it; where a size was stated, storage refuses any other.',
  }),
  expiresAt: Type.String({ format: 'date-time', description: 'When the URL stops working.' }),
  downloadUrl: Type.String({ format: 'uri', description: 'The file\'s download link, once it is there.' }),
}, {
  $id: 'Upload',
  description: 'A place for one file.',
  examples: [{
    objectKey: EXAMPLE_OBJECT_KEY,
    url: examplePresignedUrl(900),
    headers: { 'content-type': 'application/pdf' },
    expiresAt: '2026-01-31T12:15:00.000Z',
    downloadUrl: EXAMPLE_DOWNLOAD_URL,
  }],
})
