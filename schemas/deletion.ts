import { Type } from '@sinclair/typebox'
import { ObjectKeySchema } from './identifiers.js'

export const DeletionQuerySchema = Type.Object({ objectKey: ObjectKeySchema }, { additionalProperties: false })

export const DeletionSchema = Type.Object({
  bytes: Type.Integer({ minimum: 0, description: 'The file\'s size in bytes.' }),
  issuedUrlsExpireAt: Type.String({
    format: 'date-time',
    description: 'When the last pre-signed URL issued for the file has expired. Until then storage answers 404 to a ' +
      'download URL, or sends the rest of a download already begun, and an upload URL could still put a file back.',
  }),
}, {
  $id: 'Deletion',
  description: 'The file is gone from storage and from usage.',
  examples: [{ bytes: 48213, issuedUrlsExpireAt: '2026-01-31T12:15:00.000Z' }],
})
