import { Type } from '@sinclair/typebox'
import { type DigestAlgorithm, digestAlgorithms, digestPattern } from '../objects/digests.js'
import { MULTIPART_MAX_BYTES, PART_MAX_BYTES, PART_MIN_BYTES, PARTS_MAX } from '../objects/part-layout.js'
import { FILE_NAME_MAX_BYTES, PATH_MAX_BYTES } from '../objects/object-key.js'
import { EXAMPLE_DOWNLOAD_URL, EXAMPLE_OBJECT_KEY, examplePresignedUrl } from './examples.js'
import { DirectionSchema, SentUuidSchema } from './identifiers.js'

/** For how many parts the answer already has URLs, so that a small upload needs no other request. */
export const FIRST_PARTS = 10
/** For how many parts a request may ask for URLs. */
const PARTS_OF_REQUEST_MAX = 100
export const PARTS_OF_PAGE_MAX = 1_000

const statedDigest = (algorithm: DigestAlgorithm, description: string) =>
  Type.Optional(Type.String({ pattern: digestPattern(algorithm), description }))

export const UploadRequestSchema = Type.Object({
  workflowId: SentUuidSchema,
  runId: SentUuidSchema,
  direction: DirectionSchema,
  path: Type.Optional(Type.String({
    minLength: 1,
    maxLength: PATH_MAX_BYTES,
    description: 'The file\'s folders and name, separated by single slashes: 1 to 400 bytes of UTF-8. Each part must be ' +
      'valid as a `fileName`.',
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
    description: 'The media type to store the file with (RFC 9110, 8.3.1); the upload must send exactly this one.',
  }),
  sizeBytes: Type.Optional(Type.Integer({
    minimum: 0,
    maximum: MULTIPART_MAX_BYTES,
    description: 'The file\'s exact size, which the upload must then have: at most 5 GiB, as S3 allows in one PUT, or 5 TiB in parts.',
  })),
  ifAbsent: Type.Optional(Type.Boolean({
    description: 'Whether the URL is good for one file only: once there is one, the storage answers a further PUT with 412. ' +
      'A client whose PUT was not answered may then send it again, and should treat 412 as success. Not with `multipart`.',
  })),
  sha256: statedDigest('sha256', 'The file\'s SHA-256 in hexadecimal, as `sha256sum` prints it. `enforced` in the answer ' +
    'says whether the storage accepts only a file that has it; otherwise it is a claim, `claimedSha256` of the file until ' +
    'it is verified.'),
  md5: statedDigest('md5', 'The file\'s MD5 in hexadecimal, as `md5sum` prints it; like `sha256`.'),
  crc32c: statedDigest('crc32c', 'The file\'s CRC-32C (RFC 3720, 12.1) in eight hexadecimal digits; like `sha256`.'),
  multipart: Type.Optional(Type.Boolean({
    description: 'Whether to send the file in parts, which may be sent in parallel, more than once, and after an ' +
      'interruption. `sizeBytes` must then be stated, and be at least 1.',
  })),
  partSizeBytes: Type.Optional(Type.Integer({
    minimum: PART_MIN_BYTES,
    maximum: PART_MAX_BYTES,
    description: 'With `multipart`: the size of each part except the last. By default 5 MiB, or more if the file would ' +
      `otherwise have more than ${PARTS_MAX.toLocaleString('en')} parts.`,
  })),
}, {
  $id: 'UploadRequest',
  description: 'The file to upload, with either a `path` or a `fileName`.',
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

const PartNumberSchema = Type.Integer({ minimum: 1, maximum: PARTS_MAX, description: 'The part\'s place in the file, from 1.' })
const PartUrlSchema = Type.Object({
  partNumber: PartNumberSchema,
  sizeBytes: Type.Integer({ description: 'Exactly how many bytes to send.' }),
  url: Type.String({ format: 'uri', description: 'Send the part here with PUT; the answer\'s ETag is its tag.' }),
})
const UploadIdSchema = Type.String({
  minLength: 1,
  maxLength: 4096,
  pattern: '^[A-Za-z0-9_-]+$',
  description: 'Identifies the upload to this service; of use only to the user who began it.',
})

export const UploadSchema = Type.Object({
  objectKey: Type.String({ description: 'The key of the future file. Anyone who knows it may download the file.' }),
  url: Type.String({
    format: 'uri',
    description: 'Send the file here with PUT and the headers below; with `multipart`, the ' +
    'first part.',
  }),
  headers: Type.Record(Type.String(), Type.String(), {
    description: 'Headers that the PUT must send with exactly these values. Content-Length is not among them, since HTTP ' +
      'clients set it themselves and browsers forbid setting it; if a size was stated, storage refuses any other.',
  }),
  expiresAt: Type.String({ format: 'date-time', description: 'When the URL stops working.' }),
  downloadUrl: Type.String({ format: 'uri', description: 'The file\'s download link, once it is there.' }),
  enforced: Type.Optional(Type.Array(Type.Unsafe<DigestAlgorithm>({ type: 'string', enum: digestAlgorithms }), {
    description: 'If checksums were stated: those that the storage enforces, by refusing any other file. Their headers are ' +
      'among those above. The others are claims; with `multipart` all are, since the storage does not check a file in parts ' +
      'as a whole.',
  })),
  uploadId: Type.Optional(Type.String({ description: 'With `multipart`: identifies the upload to this service.' })),
  partSizeBytes: Type.Optional(Type.Integer({ description: 'With `multipart`: the size of each part except the last.' })),
  parts: Type.Optional(Type.Array(PartUrlSchema, {
    description: `With \`multipart\`: where to send the first parts, up to ${FIRST_PARTS}. ` +
      '`POST /uploads/parts` gives URLs for the others.',
  })),
}, {
  $id: 'Upload',
  description: 'Where to upload one file.',
  examples: [{
    objectKey: EXAMPLE_OBJECT_KEY,
    url: examplePresignedUrl(900),
    headers: { 'content-type': 'application/pdf' },
    expiresAt: '2026-01-31T12:15:00.000Z',
    downloadUrl: EXAMPLE_DOWNLOAD_URL,
  }],
})

export const PartUrlsRequestSchema = Type.Object({
  uploadId: UploadIdSchema,
  partNumbers: Type.Array(PartNumberSchema, { minItems: 1, maxItems: PARTS_OF_REQUEST_MAX, uniqueItems: true }),
}, {
  $id: 'PartUrlsRequest',
  description: 'Parts to send.',
  additionalProperties: false,
})

export const PartUrlsSchema = Type.Object({
  parts: Type.Array(PartUrlSchema, { description: 'In the order asked for.' }),
  expiresAt: Type.String({ format: 'date-time', description: 'When these URLs stop working.' }),
}, { $id: 'PartUrls', description: 'Where to send parts.' })

export const PartsQuerySchema = Type.Object({
  uploadId: UploadIdSchema,
  after: Type.Optional(Type.Integer({
    minimum: 0, maximum: PARTS_MAX, description: '`nextAfter` of the previous page; without it, the first page.',
  })),
  limit: Type.Optional(Type.Integer({
    minimum: 1,
    maximum: PARTS_OF_PAGE_MAX,
    description: `The most parts a page may hold; ${PARTS_OF_PAGE_MAX.toLocaleString('en')} by default.`,
  })),
})

export const PartsSchema = Type.Object({
  parts: Type.Array(Type.Object({
    partNumber: PartNumberSchema,
    sizeBytes: Type.Integer(),
    entityTag: Type.String({ description: 'As the store answered for the part, without quotes.' }),
  }), { description: 'In the order of their numbers.' }),
  nextAfter: Type.Union([Type.Integer(), Type.Null()], { description: 'Asks for the page after this one; null on the last page.' }),
}, { $id: 'Parts', description: 'Parts that have arrived.' })

export const CompletionRequestSchema = Type.Object({
  uploadId: UploadIdSchema,
  parts: Type.Optional(Type.Array(Type.Object({
    partNumber: PartNumberSchema,
    entityTag: Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'As the store answered for the part, with or ' +
      'without quotes.',
    }),
  }, { additionalProperties: false }), {
    minItems: 1,
    maxItems: PARTS_MAX,
    description: 'The parts as they were sent, in the order of their numbers: no others are then accepted. Without it, ' +
      'those that have arrived are used.',
  })),
}, {
  $id: 'CompletionRequest',
  description: 'An upload whose parts have all been sent.',
  additionalProperties: false,
})

export const CompletionSchema = Type.Object({
  objectKey: Type.String({ description: 'The file\'s key.' }),
  sizeBytes: Type.Integer(),
  downloadUrl: Type.String({ format: 'uri', description: 'The file\'s download link.' }),
}, { $id: 'Completion', description: 'The file that an upload has become.' })

export const AbortedSchema = Type.Unsafe<undefined>({ type: 'null', description: 'Nothing of the upload is left.' })

export const AbortQuerySchema = Type.Object({ uploadId: UploadIdSchema })
