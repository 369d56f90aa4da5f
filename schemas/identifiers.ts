import { Type } from '@sinclair/typebox'
import { type Direction, OBJECT_KEY_MAX_BYTES, ORG_KEY_PATTERN, UUID_PATTERN, directions } from '../objects/object-key.js'
import { EXAMPLE_OBJECT_KEY } from './examples.js'

/** The keyword of strings that are read in lower case; `x-` is OpenAPI's prefix for extensions. */
export const LOWER_CASE = 'x-lower-case'

// Patterns rather than `format: uuid`, which also accepts `urn:uuid:…`.
export const UuidSchema = Type.String({ pattern: UUID_PATTERN, description: 'A UUID in lower case.', examples: ['3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10'] })
const ANY_CASE = UUID_PATTERN.replaceAll('a-f', 'a-fA-F')
const anyCase = new RegExp(ANY_CASE)

/** A UUID sent by a client: upper case means the same (RFC 9562, 4), and is read as lower case. */
export const sentUuid = (description: string) => Type.String({ pattern: ANY_CASE, [LOWER_CASE]: true, description })
export const SentUuidSchema = Type.String({ ...sentUuid('A UUID.'), examples: UuidSchema.examples })

/** A UUID as it is compared and stored, in lower case; any other value unchanged. */
export function canonicalUuid (value: unknown): unknown {
  return typeof value === 'string' && anyCase.test(value) ? value.toLowerCase() : value
}

export const OrgKeySchema = Type.String({
  pattern: ORG_KEY_PATTERN, description: 'The organisation\'s key, as its tokens name it.', examples: ['demo'],
})
export const DirectionSchema = Type.Unsafe<Direction>({
  type: 'string', enum: [...directions], description: 'Whether a file goes into a run or comes out of it.',
})
export const ObjectKeySchema = Type.String({
  minLength: 1,
  maxLength: OBJECT_KEY_MAX_BYTES,
  format: 'object-key',
  description: 'The file\'s object key: at most 1,024 bytes of UTF-8. Anyone who knows it may download the file.',
  examples: [EXAMPLE_OBJECT_KEY],
})
