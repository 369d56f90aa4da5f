import { Type } from '@sinclair/typebox'
import { httpUrl } from './forms.js'

/** The database and the object storage that it runs beside. */
export const parts = {
  DATA_DIR: Type.String({
    minLength: 1,
    default: '.data',
    description: 'Folder in which the embedded database and object storage keep their data. Unused where both are configured.',
  }),
  DATABASE_URL: Type.Optional(Type.String({
    pattern: '^postgres(ql)?://',
    words: 'an address of PostgreSQL',
    description: 'PostgreSQL 15 or newer. Unset: the embedded database.',
    examples: ['postgres://user:password@host:5432/database'],
  })),
  S3_ENDPOINT: Type.Optional(httpUrl({
    description: 'Address of object storage that speaks S3. Unset: the embedded object storage.', examples: ['http://127.0.0.1:9000'],
  })),
  S3_ACCESS_KEY: Type.Optional(Type.String({
    minLength: 1, description: 'Access key of the object storage. Required with `S3_ENDPOINT`.',
  })),
  S3_SECRET_KEY: Type.Optional(Type.String({
    minLength: 1, description: 'Secret key of the object storage. Required with `S3_ENDPOINT`.',
  })),
  S3_UPLOAD_ACCESS_KEY: Type.Optional(Type.String({
    minLength: 1,
    description: 'Access key that uploads are signed with; give it the permission to put files and no other, so that an upload URL ' +
      'can do no more. Only with `S3_ENDPOINT`. Unset: `S3_ACCESS_KEY`.',
  })),
  S3_UPLOAD_SECRET_KEY: Type.Optional(Type.String({
    minLength: 1, description: 'Secret key that uploads are signed with. Required with `S3_UPLOAD_ACCESS_KEY`.',
  })),
  S3_REGION: Type.String({ minLength: 1, default: 'us-east-1', description: 'Region of the object storage.' }),
  S3_BUCKET: Type.String({
    pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$',
    words: 'a bucket\'s name, of 3 to 63 lower-case letters, digits, dots and hyphens',
    default: 'objects',
    description: 'The one bucket that holds all files.',
  }),
  S3_VENDOR: Type.Union([Type.Literal('auto'), Type.Literal('amazon'), Type.Literal('other')], {
    default: 'auto',
    description: '`amazon`: events of `aws:s3` are ordered by Amazon\'s sequencers, and their keys are URL-encoded. `other`: such ' +
      'an event may be anyone\'s, so time decides, and where it does not, the bucket. `auto`: `amazon` where `S3_ENDPOINT` is a ' +
      'host of amazonaws.com.',
  }),
  STORE_CLOCK_SKEW: Type.Number({
    minimum: 2,
    maximum: 900,
    default: 5,
    description: 'Seconds by which the clocks of the object storage\'s nodes may differ, from each other and from the database\'s. The bucket is ' +
      'asked about events of one file that are closer together than this, and about those further ahead of the database. A change by ' +
      'a node that is further behind may look older than what it replaced, and is then counted by the next reconcile.',
  }),
  S3_PUBLIC_ENDPOINT: Type.Optional(httpUrl({
    description: 'Address at which browsers reach the object storage, where it differs from `S3_ENDPOINT`. Only URLs are signed for ' +
      'it. Unset: `S3_ENDPOINT`.',
    examples: ['https://storage.example.com'],
  })),
  S3_CONNECT_TIMEOUT: Type.Number({
    minimum: 0.05, maximum: 60, default: 2, description: 'Seconds that connecting to the object storage may take.',
  }),
  S3_FIRST_BYTE_TIMEOUT: Type.Number({
    minimum: 0.05, maximum: 300, default: 5, description: 'Seconds that the object storage may take to begin an answer.',
  }),
  STREAM_IDLE_TIMEOUT: Type.Number({
    minimum: 0.05,
    maximum: 3600,
    default: 60,
    description: 'Seconds without a byte moved after which a streamed download is cut off.',
  }),
}
