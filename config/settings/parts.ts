import { Type } from '@sinclair/typebox'
import { choice, httpUrlWithPath } from './forms.js'

/** The database and the object storage that the service runs on. */
export const parts = {
  DATA_DIR: Type.String({
    minLength: 1,
    default: '.data',
    description: 'Folder in which the embedded database and object storage keep their data. Unused if both are configured.',
  }),
  DATABASE_URL: Type.Optional(Type.String({
    secret: true,
    pattern: '^postgres(ql)?://',
    words: 'an address of PostgreSQL',
    description: 'PostgreSQL 15 or newer. `sslmode`, `sslrootcert`, `sslcert` and `sslkey` mean what they mean to `psql`; ' +
      'without them TLS is used if the server insists on it. `schema` names the schema of the tables. Unset: the embedded ' +
      'database.',
    examples: ['postgres://user:password@host:5432/database'],
  })),
  DATABASE_CA: Type.Optional(Type.String({
    minLength: 1,
    description: 'File with the CA certificates, in PEM form, that the database\'s must come from, if `DATABASE_URL` has no ' +
      '`sslrootcert`. With it, `sslmode` is `verify-full` if the URL has none. It is read again for every connection.',
    examples: ['/run/secrets/database-ca.pem'],
  })),
  DATABASE_POOLER: choice(['auto', 'transaction', 'none'], {
    default: 'auto',
    description: 'Whether sessions of the database are shared, as PgBouncer shares them in transaction mode. `transaction`: nothing is ' +
      'kept in a session, nor prepared. `none`: sessions are the service\'s own. `auto`: found out for every connection; ' +
      'one that passes through a proxy, or through an address translation that changes its port, is taken to be shared.',
  }),
  DATABASE_PASSWORD: Type.Optional(Type.String({
    secret: true,
    minLength: 1,
    description: 'Password for the database. Unset: the one in `DATABASE_URL`.',
  })),
  DATABASE_AUTH: choice(['password', 'aws-iam'], {
    default: 'password',
    description: '`aws-iam`: in place of a password, a token of Amazon RDS, signed for each connection with this machine\'s own ' +
      'credentials. It needs TLS: `DATABASE_CA`, or `sslmode` in `DATABASE_URL`, which must be `require` or stricter.',
  }),
  S3_ENDPOINT: Type.Optional(httpUrlWithPath({
    description: 'Address of object storage that speaks S3, without the bucket. It may have a path, which is then signed. Unset: the ' +
      'embedded object storage.',
    examples: ['http://127.0.0.1:9000'],
  })),
  S3_ACCESS_KEY: Type.Optional(Type.String({
    secret: true,
    minLength: 1,
    description: 'Access key of the object storage. Unset, with `S3_ENDPOINT`: this machine\'s own credentials, as AWS\'s tools find ' +
      'them (environment, shared files, web identity, container, instance metadata); `SERVICE_SECRET` is then required.',
  })),
  S3_SECRET_KEY: Type.Optional(Type.String({
    secret: true,
    minLength: 1,
    description: 'Secret key of the object storage. Required with `S3_ACCESS_KEY`.',
  })),
  S3_SESSION_TOKEN: Type.Optional(Type.String({
    secret: true,
    minLength: 1,
    description: 'Token of the session that `S3_ACCESS_KEY` and `S3_SECRET_KEY` belong to. Unset: they belong to a user.',
  })),
  S3_UPLOAD_ACCESS_KEY: Type.Optional(Type.String({
    secret: true,
    minLength: 1,
    description: 'Access key that uploads are signed with; give it the permission to put files and no other, so that an upload URL ' +
      'can do no more. Only with `S3_ENDPOINT`. Unset: `S3_ACCESS_KEY`.',
  })),
  S3_UPLOAD_SECRET_KEY: Type.Optional(Type.String({
    secret: true,
    minLength: 1,
    description: 'Secret key that uploads are signed with. Required with `S3_UPLOAD_ACCESS_KEY`.',
  })),
  S3_REGION: Type.String({ minLength: 1, default: 'us-east-1', description: 'Region of the object storage.' }),
  S3_BUCKET: Type.String({
    pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$',
    words: 'a bucket\'s name, of 3 to 63 lower-case letters, digits, dots and hyphens',
    default: 'objects',
    description: 'The one bucket that holds all files.',
  }),
  S3_VENDOR: choice(['auto', 'amazon', 'other'], {
    default: 'auto',
    description: '`amazon`: events of `aws:s3` are ordered by Amazon\'s sequencers, and their keys are URL-encoded. `other`: such ' +
      'an event may be anyone\'s, so its time decides, and where that does not, the bucket. `auto`: `amazon` if ' +
      '`S3_ENDPOINT` is a host of amazonaws.com.',
  }),
  STORE_CLOCK_SKEW: Type.Number({
    minimum: 2,
    maximum: 900,
    default: 5,
    description: 'Seconds by which the clocks of the object storage\'s nodes may differ, from each other and from the database\'s. The bucket is ' +
      'asked about events of one file that are closer together than this, and about those further ahead of the database. A change by ' +
      'a node that is further behind may look older than what it replaced, and is then counted by the next reconcile.',
  }),
  S3_PUBLIC_ENDPOINT: Type.Optional(httpUrlWithPath({
    description: 'Address at which browsers reach the object storage, if it differs from `S3_ENDPOINT`. It is used only for ' +
      'signing URLs. Unset: `S3_ENDPOINT`.',
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
    description: 'Seconds without a byte sent after which a streamed download is cut off.',
  }),
}
