import { Type } from '@sinclair/typebox'
import { type Direction, OBJECT_KEY_MAX_BYTES, ORG_KEY_PATTERN, UUID_PATTERN, directions } from '../objects/object-key.js'
import { EXAMPLE_OBJECT_KEY } from './examples.js'

// A pattern rather than `format: uuid`, which accepts `urn:uuid:…` and upper case.
export const UuidSchema = Type.String({ pattern: UUID_PATTERN, description: 'A UUID in lower case.', examples: ['3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10'] })
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
