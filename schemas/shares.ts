import { Type } from '@sinclair/typebox'
import { DispositionSchema } from './download.js'
import { DirectionSchema, ObjectKeySchema, SentUuidSchema, UuidSchema } from './identifiers.js'
import { NextCursorSchema, PAGE_MAX, pagingParameters } from './paging.js'
import { reference } from './reference.js'

/** How long a share link may last. */
export const SHARE_MIN_SECONDS = 60
export const SHARE_MAX_SECONDS = 30 * 24 * 60 * 60
/** How long it lasts by default. */
export const SHARE_DEFAULT_SECONDS = 7 * 24 * 60 * 60
const NOTE_MAX_LENGTH = 200

const EXAMPLE_ID = '0b8f4a5e-6c1d-4e2f-9a3b-7c8d9e0f1a2b'
/** The text of a share link in examples; it opens nothing. */
const EXAMPLE_SEALED = 'AfLhF0qk5nU3x3mB0rPq9lY8cV2dW6sT4aZ1eX7gJ5hKbNoMiLuQyRtEwCvDfGzS'
const EXAMPLE_SHARE_URL = `https://files.example.com/api/v1/objects/shared/${EXAMPLE_SEALED}`

const ShareKindSchema = Type.Unsafe<'file' | 'run' | 'folder' | 'selection'>({
  type: 'string',
  enum: ['file', 'run', 'folder', 'selection'],
  description: 'What the link leads to: a file, the files of a run, those whose path begins with a prefix, or files that ' +
    'were selected.',
})

export const noteParameter = Type.Optional(Type.String({
  minLength: 1,
  maxLength: NOTE_MAX_LENGTH,
  pattern: '^[^\\u0000-\\u001f\\u007f\\ud800-\\udfff]*$',
  description: 'What the link is for, to find it again. It is shown to its maker and to admins, never to those who open the link.',
}))

export const ShareRequestSchema = Type.Object({
  objectKey: Type.Optional(Type.String({ ...ObjectKeySchema, description: 'The file to share; not with the three below.' })),
  workflowId: Type.Optional(Type.String({ ...SentUuidSchema, description: 'The workflow whose run to share; with `runId`.' })),
  runId: Type.Optional(Type.String({ ...SentUuidSchema, description: 'The run to share: its files as they are when the link is opened.' })),
  prefix: Type.Optional(Type.String({
    maxLength: 1024,
    pattern: '^[^\\u0000-\\u001f\\u007f\\ud800-\\udfff]*$',
    description: 'Only the run\'s files whose path begins with this: a folder including its slash, or the beginning of a name.',
  })),
  expiresIn: Type.Optional(Type.Integer({
    minimum: SHARE_MIN_SECONDS,
    maximum: SHARE_MAX_SECONDS,
    description: `Seconds until the link ends: ${SHARE_MIN_SECONDS} to ${SHARE_MAX_SECONDS}, 30 days; ${SHARE_DEFAULT_SECONDS}, a week, by default.`,
  })),
  type: Type.Optional(DispositionSchema),
  note: noteParameter,
}, {
  $id: 'ShareRequest',
  additionalProperties: false,
  description: 'What to share: either a file, by its `objectKey`, or files of a run, by `workflowId` and `runId`.',
  oneOf: [{ required: ['objectKey'] }, { required: ['workflowId', 'runId'] }],
  examples: [{
    workflowId: '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10',
    runId: '9b2d6c1e-5d3f-4c8a-8b1d-6e7f8091a2b3',
    prefix: 'plots/',
    expiresIn: 86400,
    note: 'For the review on Friday',
  }],
})

const ShareIdSchema = Type.String({
  ...UuidSchema, description: 'Identifies the link, for revoking it. It opens nothing.', examples: [EXAMPLE_ID],
})

export const ShareSchema = Type.Object({
  id: ShareIdSchema,
  url: Type.String({
    format: 'uri', description: 'The link: anyone who has it may read what it leads to. It is not kept, and so cannot be shown again.',
  }),
  archiveUrl: Type.Optional(Type.String({
    format: 'uri',
    description: 'For several files: the link to all of them as one ZIP archive, or with `?format=tar` as a TAR archive. It ' +
      'ends when the link does.',
  })),
  kind: ShareKindSchema,
  expiresAt: Type.String({ format: 'date-time', description: 'When the link ends, unless it is revoked earlier.' }),
}, {
  $id: 'Share',
  description: 'A share link.',
  examples: [{ id: EXAMPLE_ID, url: EXAMPLE_SHARE_URL, archiveUrl: `${EXAMPLE_SHARE_URL}/archive`, kind: 'folder', expiresAt: '2026-02-01T12:00:00.000Z' }],
})

export const ListedShareSchema = Type.Object({
  id: ShareIdSchema,
  kind: ShareKindSchema,
  note: Type.Union([Type.String(), Type.Null()], { description: 'Its maker\'s note; null if there is none.' }),
  madeBy: Type.String({ ...UuidSchema, description: 'The user who made the link.' }),
  createdAt: Type.String({ format: 'date-time', description: 'When it was made.' }),
  expiresAt: Type.String({ format: 'date-time', description: 'When it ends, unless it is revoked.' }),
  revokedAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
    description: 'When it was revoked, alone or with all others; null if it was not.',
  }),
  useCount: Type.Integer({
    minimum: 0,
    description: 'How many requests it answered, for pages as well as files if it leads to a run or folder. The count is a ' +
      'few seconds behind; a replica that is killed loses what it had not yet recorded.',
  }),
  lastUsedAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
    description: 'When it was last used; null ' +
    'if never.',
  }),
}, { $id: 'ListedShare', description: 'What is known about a share link. What it leads to is in the link alone.' })

export const SharesQuerySchema = Type.Object(pagingParameters, { additionalProperties: false })

export const ShareListSchema = Type.Object({
  shares: Type.Array(reference(ListedShareSchema), { maxItems: PAGE_MAX, description: 'The newest first.' }),
  nextCursor: NextCursorSchema,
}, {
  $id: 'ShareList',
  description: 'A page of share links, including those that ended in the last 30 days.',
  examples: [{
    shares: [{
      id: EXAMPLE_ID,
      kind: 'folder',
      note: 'For the review on Friday',
      madeBy: '5e2f1a70-1c2d-4e3f-8a9b-0c1d2e3f4a5b',
      createdAt: '2026-01-31T12:00:00.000Z',
      expiresAt: '2026-02-01T12:00:00.000Z',
      revokedAt: null,
      useCount: 3,
      lastUsedAt: '2026-01-31T15:04:05.000Z',
    }],
    nextCursor: null,
  }],
})

export const ShareParamsSchema = Type.Object({ id: Type.String({ ...SentUuidSchema, description: 'The link\'s id.', examples: [EXAMPLE_ID] }) })

export const RevocationSchema = Type.Object({
  revokedAt: Type.String({ format: 'date-time', description: 'Since when it has been revoked, by the database\'s clock.' }),
  bytesUntil: Type.String({
    format: 'date-time',
    description: 'Until when a download may still begin: by then every replica refuses the link, and the last pre-signed URL that it ' +
      'led to has expired. One that has begun continues to its end.',
  }),
}, {
  $id: 'Revocation',
  description: 'What was revoked, and when that takes full effect.',
  examples: [{ revokedAt: '2026-01-31T16:00:00.000Z', bytesUntil: '2026-01-31T16:05:01.000Z' }],
})

/** Any text may be sent: one that is not a link is answered like a link that has ended. */
export const SharedParamsSchema = Type.Object({
  sealed: Type.String({ description: 'The end of a share link.', examples: [EXAMPLE_SEALED] }),
})

/** Unknown query parameters are ignored: chats and mailings append their own to links. */
export const SharedQuerySchema = Type.Object({
  as: Type.Optional(Type.Unsafe<'json'>({
    type: 'string',
    enum: ['json'],
    description: '`json` asks for JSON, whatever Accept says: for a file, where it can be ' +
      'read from.',
  })),
  cursor: Type.Optional(Type.String({
    ...pagingParameters.cursor,
    description: 'For a run or folder: `nextCursor` of the ' +
    'previous page.',
  })),
})

export const SharedFileSchema = Type.Object({
  fileName: Type.String({ description: 'The file\'s name: the last part of its path.' }),
  path: Type.String({ description: 'The file\'s folders and name within the run, separated by `/`.' }),
  direction: DirectionSchema,
  bytes: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Size of the file in bytes.' }),
  createdAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
    description: 'When the file was put into storage, as storage reported it; null if a reconcile found the file.',
  }),
  url: Type.String({ format: 'uri', description: 'The file\'s own link, which ends with the one that listed it.' }),
}, { $id: 'SharedFile', description: 'A file that a share link leads to.' })

export const SharedFolderSchema = Type.Object({
  path: Type.String({ description: 'The folder\'s path within the run, ending with `/`.' }),
  url: Type.String({ format: 'uri', description: 'The folder\'s own link, which ends with the one that listed it.' }),
}, { $id: 'SharedFolder', description: 'A folder that a share link leads to.' })

export const SharedFilesSchema = Type.Object({
  folders: Type.Array(reference(SharedFolderSchema), { maxItems: PAGE_MAX, description: 'In the order of their paths.' }),
  files: Type.Array(reference(SharedFileSchema), { maxItems: PAGE_MAX, description: 'In the order of their paths.' }),
  archiveUrl: Type.String({
    format: 'uri', description: 'The link to all files, those below the folders included, as one ZIP archive; with `?format=tar` as a TAR archive.',
  }),
  expiresAt: Type.String({ format: 'date-time', description: 'When the link ends, and with it those of the files.' }),
  nextCursor: NextCursorSchema,
}, {
  $id: 'SharedFiles',
  description: 'A page of what a share link to a run or folder leads to.',
  examples: [{
    folders: [{ path: 'plots/2026/', url: EXAMPLE_SHARE_URL }],
    files: [{
      fileName: 'a.png',
      path: 'plots/a.png',
      direction: 'outputs',
      bytes: 48213,
      createdAt: '2026-01-31T11:59:58.000Z',
      url: EXAMPLE_SHARE_URL,
    }],
    archiveUrl: `${EXAMPLE_SHARE_URL}/archive`,
    expiresAt: '2026-02-01T12:00:00.000Z',
    nextCursor: null,
  }],
})
