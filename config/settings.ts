import { type Static, type TSchema, Type } from '@sinclair/typebox'

/*
 * Every setting, once: its form, its default and what people are told about it. `npm run docs` writes docs/configuration.md and
 * .env.example from here. A description is Markdown, and ends with what holds where nothing is set. `words` says in a message
 * what `pattern` says to the machine.
 */

const httpUrl = (options: { description: string, examples?: string[] }) =>
  Type.String({ pattern: '^https?://[^/?#\\s]+/?$', words: 'an address that begins with http:// or https:// and has no path', ...options })

const claimName = (usual: string, description: string) =>
  Type.String({ minLength: 1, maxLength: 256, default: usual, description })

const perMinute = (usual: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: 1_000_000, default: usual, description })

const choice = <Value extends string>(values: Value[], options: { default: Value, description: string }) =>
  Type.Union(values.map((value) => Type.Literal(value)), options)

const service = {
  NODE_ENV: Type.Optional(Type.String({
    description: '`production` refuses the embedded database and the embedded object storage.',
  })),
  PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 3000, description: 'TCP port to listen on; 0 takes any free port.' }),
  HOST: Type.String({ minLength: 1, default: '127.0.0.1', description: 'Address to listen on; `0.0.0.0` is all of them.' }),
  PUBLIC_URL: Type.Optional(httpUrl({
    description: 'Address at which people reach this service, for the links that it hands out. Unset: as each request names it.',
    examples: ['https://files.example.com'],
  })),
  CORS_ORIGINS: Type.Optional(Type.String({
    pattern: '^(\\*|https?://[^/,\\s]+( *, *https?://[^/,\\s]+)*)$',
    words: '* or a list of origins, separated by commas, none of which has a path or a slash at its end',
    description: 'Origins whose web pages may use the service, separated by commas, or `*` for all. Unset: only its own.',
    examples: ['https://app.example.com'],
  })),
  TRUST_PROXY: Type.Optional(Type.String({
    minLength: 1,
    description: 'Proxies whose `X-Forwarded-For`, `-Host` and `-Proto` headers are believed: how many a request passes through, ' +
      'or a list of their addresses and CIDR ranges. Set it behind a proxy, or the limits below take all clients for one. ' +
      'Unset: no such header is believed.',
    examples: ['10.0.0.0/8,fd00::/8'],
  })),
  MAX_EVENT_LOOP_DELAY: Type.Number({
    minimum: 0,
    maximum: 60,
    default: 1,
    description: 'Seconds that the event loop may be late, averaged over a second, before requests are refused with 503; ' +
      '0 never refuses any.',
  }),
  LOG_LEVEL: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info', description: 'How much is logged: `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.',
  }),
  SHUTDOWN_DELAY: Type.Number({
    minimum: 0,
    maximum: 300,
    default: 0,
    description: 'Seconds to keep serving after SIGTERM while answering that the service is not ready, so that load balancers turn ' +
      'away before it stops listening. Choose a little more than they take to notice.',
  }),
  SHUTDOWN_GRACE: Type.Number({
    minimum: 0,
    maximum: 86400,
    default: 20,
    description: 'Seconds that requests and streams under way then have to finish before they are cut off. What starts the service ' +
      'must wait longer than both before it kills it.',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(Type.String({
    pattern: '^https?://[^?#\\s]+$',
    words: 'an address that begins with http:// or https://',
    description: 'Where OpenTelemetry traces are sent, by OTLP over HTTP; `/v1/traces` is appended. Unset: there are none.',
    examples: ['http://127.0.0.1:4318'],
  })),
  OTEL_SERVICE_NAME: Type.String({ minLength: 1, default: 'objects-storage', description: 'The service\'s name in traces.' }),
}

const parts = {
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
    description: 'Seconds that the clocks of the object storage\'s nodes may be apart, from each other and from the database\'s. Events ' +
      'of one file that are no further apart, and those that are further ahead of the database, are asked of the bucket. A change by ' +
      'a node that is further behind may look older than what it replaced, and then counts from the next reconcile on.',
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

const access = {
  JWT_SECRET: Type.Optional(Type.String({
    minLength: 32,
    description: 'Key of the tokens\' HS256 signature, 32 characters or more (RFC 7518, 3.2): `openssl rand -base64 48`. ' +
      'Unset, where database and object storage are embedded: a random one, made at the first start and kept in `DATA_DIR`.',
  })),
  JWT_PUBLIC_KEY: Type.Optional(Type.String({
    minLength: 1,
    description: 'Instead of `JWT_SECRET`: the public key, as PEM, of tokens that someone else signs. An RSA key pins RS256, an EC ' +
      'key ES256, ES384 or ES512, an Ed25519 key EdDSA. Line breaks may be written as `\\n`.',
  })),
  JWT_JWKS_URL: Type.Optional(Type.String({
    pattern: '^https?://[^/?#\\s@]+(/[^#\\s]*)?$',
    words: 'an address that begins with http:// or https:// and holds no credentials',
    description: 'Instead of both: address of an identity provider\'s JSON Web Key Set. Each of its keys pins its own algorithm.',
    examples: ['https://id.example.com/.well-known/jwks.json'],
  })),
  JWT_ISSUER: Type.Optional(Type.String({
    minLength: 1, description: 'What a token\'s claim `iss` must be. Unset: anything.', examples: ['https://id.example.com/'],
  })),
  JWT_AUDIENCE: Type.Optional(Type.String({
    minLength: 1,
    description: 'What a token\'s claim `aud` must be or contain. Set it and `JWT_ISSUER` where the identity provider also serves ' +
      'others. Unset: anything.',
    examples: ['objects-storage'],
  })),
  JWT_CLOCK_TOLERANCE: Type.Integer({
    minimum: 0,
    maximum: 300,
    default: 0,
    description: 'Seconds by which the clocks of the tokens\' signer and of this service may differ.',
  }),
  JWT_CLAIM_USER: claimName('sub', 'The claim that holds the user\'s UUID. Its name may be a URL, such as ' +
    '`https://files.example.com/user`, or a path into other claims, such as `account.id`.'),
  JWT_CLAIM_ORG: claimName('orgKey', 'The claim that holds the organisation\'s key.'),
  JWT_CLAIM_ROLE: claimName('role', 'The claim that holds the role, or an array of roles, such as Keycloak\'s `realm_access.roles`. A ' +
    'token may do what any of its roles may; roles that this service does not know are ignored.'),
  JWT_ROLE_VALUES: Type.Optional(Type.String({
    pattern: '^[^,]*[^,\\s][^,]*=\\s*(member|admin|service)\\s*(,[^,]*[^,\\s][^,]*=\\s*(member|admin|service)\\s*)*$',
    words: 'a list of values and the roles that they stand for (member, admin or service), separated by commas',
    description: 'What the values of that claim stand for: each as `value=role`, separated by commas, where the role is `member`, ' +
      '`admin` or `service`. Other values then stand for nothing. Unset: each role is named as here.',
    examples: ['Files Admins=admin,Files Users=member'],
  })),
  SERVICE_SECRET: Type.Optional(Type.String({
    minLength: 32,
    description: 'Seals what clients keep for the service, such as cursors; 32 characters or more, the same for all replicas: ' +
      '`openssl rand -base64 48`. Unset: derived from `S3_SECRET_KEY`, so that it ends with that key; with the embedded object ' +
      'storage, a random one in `DATA_DIR`.',
  })),
  SERVICE_SECRET_PREVIOUS: Type.Optional(Type.String({
    minLength: 32,
    description: 'What `SERVICE_SECRET` was before it was changed: what was sealed with it still opens. Unset: none does.',
  })),
  EVENTS_TOKEN: Type.Optional(Type.String({
    minLength: 16,
    description: 'What the object storage must send with its notifications, 16 characters or more: `openssl rand -hex 32`. ' +
      'Unset: none are accepted over HTTP; the embedded object storage needs no token.',
  })),
}

const limits = {
  DOWNLOAD_MISS_LIMIT: perMinute(60, 'Downloads a minute from one address that find no file; 0 sets no limit. Beyond it, a client is ' +
    'refused files that no client found a moment ago.'),
  AUTH_FAILURE_LIMIT: perMinute(60, 'Requests a minute from one address without a valid token; 0 sets no limit. Valid tokens always pass.'),
  UPLOAD_LIMIT: perMinute(6000, 'Uploads a minute by one user; 0 sets no limit.'),
  RECONCILE_LIMIT: perMinute(60, 'Requests a minute by one organisation that start a reconcile; 0 sets no limit.'),
  REDIS_URL: Type.Optional(Type.String({
    pattern: '^rediss?://',
    words: 'an address of Redis',
    description: 'Redis in which replicas count together. While it does not answer, nothing is limited. Unset: each replica counts ' +
      'for itself.',
    examples: ['redis://user:password@host:6379'],
  })),
}

const files = {
  DOWNLOAD_MODE: choice(['redirect', 'stream'], {
    default: 'redirect',
    description: '`redirect` answers with a redirect to a pre-signed URL; `stream` sends the bytes through the service.',
  }),
  DOWNLOAD_URL_TTL: Type.Integer({
    minimum: 10,
    maximum: 604800,
    default: 300,
    description: 'Seconds that a pre-signed download URL is valid at most. At least half of them are left when it is handed out.',
  }),
  UPLOAD_URL_TTL: Type.Integer({ minimum: 10, maximum: 604800, default: 900, description: 'Seconds within which an upload must begin.' }),
  EXISTENCE_TTL: Type.Integer({
    minimum: 0,
    maximum: 3600,
    default: 5,
    description: 'Seconds for which a file, once found, is taken to exist; 0 asks the object storage every time.',
  }),
  INLINE_ACTIVE_CONTENT: choice(['sandbox', 'scripts', 'attachment'], {
    default: 'sandbox',
    description: 'How HTML, SVG and other active content is shown with `type=inline`: in a `sandbox` without scripts, in one that lets ' +
      '`scripts` run, or never, as an `attachment`.',
  }),
}

const usage = {
  RECONCILE_CRON: Type.Optional(Type.String({
    minLength: 1,
    description: 'When to compare everything that is counted with the bucket and settle differences, as in crontab: notifications can ' +
      'get lost. One of the replicas does it. Unset: only on request.',
    examples: ['0 3 * * *'],
  })),
}

/** The settings as the documents show them. */
export const settingGroups: Array<{ title: string, settings: Record<string, TSchema> }> = [
  { title: 'The service', settings: service },
  { title: 'Database and object storage', settings: parts },
  { title: 'Who may do what', settings: access },
  { title: 'Limits', settings: limits },
  { title: 'Downloads and uploads', settings: files },
  { title: 'Usage', settings: usage },
]

/** The environment variables that the service reads. */
export const ConfigSchema = Type.Object({ ...service, ...parts, ...access, ...limits, ...files, ...usage })

/** The service's configuration, checked and with defaults filled in. */
export type Config = Static<typeof ConfigSchema>
