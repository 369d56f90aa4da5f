import { Type } from '@sinclair/typebox'
import { EXAMPLE_OBJECT_KEY } from './examples.js'
import { DirectionSchema, ObjectKeySchema, SentUuidSchema } from './identifiers.js'
import { SHARE_DEFAULT_SECONDS, SHARE_MAX_SECONDS, SHARE_MIN_SECONDS, noteParameter } from './shares.js'

/** The most files that may be selected one by one. */
const SELECTION_MAX = 1_000

const FormatSchema = Type.Optional(Type.Unsafe<'zip' | 'tar'>({
  type: 'string', enum: ['zip', 'tar'], description: '`zip` by default, or `tar`.',
}))

const bytes = Type.Unsafe<unknown>({ type: 'string', format: 'binary' })
const content = { 'application/zip': { schema: bytes }, 'application/x-tar': { schema: bytes } }

/** GET's responses, except for errors. */
export const archiveResponses = {
  200: { description: 'The archive.', content },
  206: { description: 'The range of bytes that was asked for.', content },
  304: Type.Null({ description: 'The client has the archive as it is now.' }),
}

/** Unknown query parameters are refused: one that is misspelt would give another archive. */
export const ArchiveQuerySchema = Type.Object({
  workflowId: Type.String({ ...SentUuidSchema, description: 'The workflow.' }),
  runId: Type.String({ ...SentUuidSchema, description: 'The workflow\'s run.' }),
  direction: Type.Optional(DirectionSchema),
  prefix: Type.Optional(Type.String({
    maxLength: 1024,
    pattern: '^[^\\u0000-\\u001f\\u007f\\ud800-\\udfff]*$',
    description: 'Only files whose path begins with this: a folder including its slash, or the beginning of a name.',
  })),
  format: FormatSchema,
}, { additionalProperties: false })

/** Unknown query parameters are ignored: chats and mailings append their own to links. */
export const SharedArchiveQuerySchema = Type.Object({ format: FormatSchema })

export const SelectionRequestSchema = Type.Object({
  objectKeys: Type.Array(ObjectKeySchema, {
    minItems: 1,
    maxItems: SELECTION_MAX,
    description: `The files, ${SELECTION_MAX.toLocaleString('en')} at most. A file that is named twice counts once.`,
  }),
  expiresIn: Type.Optional(Type.Integer({
    minimum: SHARE_MIN_SECONDS,
    maximum: SHARE_MAX_SECONDS,
    description: `Seconds until the link ends: ${SHARE_MIN_SECONDS} to ${SHARE_MAX_SECONDS}, 30 days; ${SHARE_DEFAULT_SECONDS}, a week, by default.`,
  })),
  note: noteParameter,
}, {
  $id: 'SelectionRequest',
  additionalProperties: false,
  description: 'Files for one archive.',
  examples: [{ objectKeys: [EXAMPLE_OBJECT_KEY], expiresIn: 3600 }],
})
