import { Type } from '@sinclair/typebox'
import { digestFields } from './digests.js'
import { examplePresignedUrl } from './examples.js'
import { ObjectKeySchema } from './identifiers.js'

export const DispositionSchema = Type.Unsafe<'attachment' | 'inline'>({
  type: 'string',
  enum: ['attachment', 'inline'],
  default: 'attachment',
  description: '`attachment` saves the file, `inline` shows it where that is safe.',
})

/** Unknown query parameters are ignored: chats and mailings append their own to links. */
export const DownloadQuerySchema = Type.Object({
  objectKey: ObjectKeySchema,
  type: Type.Optional(DispositionSchema),
  as: Type.Optional(Type.Unsafe<'json'>({
    type: 'string', enum: ['json'], description: '`json` asks for the pre-signed URL as JSON, whatever Accept says. HEAD describes the file either way.',
  })),
})

export const DownloadLinkSchema = Type.Object({
  url: Type.String({ format: 'uri', description: 'A pre-signed URL: anyone who has it may read the file until it expires.' }),
  expiresAt: Type.String({ format: 'date-time', description: 'When the URL stops working.' }),
  fileName: Type.String({ description: 'The file\'s name, as the object key has it: the last part of its path.' }),
  path: Type.String({ description: 'The file\'s folders and name, separated by `/`, as the object key has them.' }),
  bytes: Type.Integer({ minimum: 0, description: 'Size of the file in bytes.' }),
  contentType: Type.String({ description: 'The media type that the file is stored with.' }),
  etag: Type.String({ description: 'The file\'s entity tag, quoted (RFC 9110, 8.8.3).' }),
  ...digestFields,
}, {
  $id: 'DownloadLink',
  description: 'Where a file can be read from, for programs that cannot follow a redirect to another origin.',
  examples: [{
    url: examplePresignedUrl(300),
    expiresAt: '2026-01-31T12:05:00.000Z',
    fileName: 'report.pdf',
    path: 'report.pdf',
    bytes: 48213,
    contentType: 'application/pdf',
    etag: '"9b2cf535f27731c974343645a3985328"',
  }],
})
