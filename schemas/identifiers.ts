import { Type } from '@sinclair/typebox'

/** S3 allows object keys of at most 1,024 bytes of UTF-8 (Amazon S3 User Guide, "Naming Amazon S3 objects"). */
export const OBJECT_KEY_MAX_BYTES = 1024
export const ORG_KEY_PATTERN = '^[a-z0-9][a-z0-9-]{0,62}$'
export const UUID_PATTERN = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'

// A pattern rather than `format: uuid`, which accepts `urn:uuid:…` and upper case.
export const UuidSchema = Type.String({ pattern: UUID_PATTERN, examples: ['3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10'] })
export const OrgKeySchema = Type.String({ pattern: ORG_KEY_PATTERN, examples: ['demo'] })
export const ObjectKeySchema = Type.String({
  minLength: 1,
  maxLength: OBJECT_KEY_MAX_BYTES,
  format: 'object-key',
  description: 'The file\'s object key: at most 1,024 bytes of UTF-8. Whoever knows it may download the file.',
  examples: ['demo/workflows/3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10/runs/9b2d6c1e-5d3f-4c8a-8b1d-6e7f8091a2b3/users/5e2f1a70-1c2d-4e3f-8a9b-0c1d2e3f4a5b/outputs/q83vEjRWeJCrze8SNFZ4kA/report.pdf'],
})
