import { type KeyObject, createPublicKey } from 'node:crypto'
import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { CronPattern } from 'croner'
import { parseTrustedProxies } from './http/trusted-proxies.js'
import { signatureAlgorithms } from './identity/signature-algorithm.js'

/** Signs tokens on a developer's machine where no secret is configured; production refuses it. */
export const DEVELOPMENT_JWT_SECRET = 'development-secret-that-production-refuses'

const httpUrl = (description: string) => Type.String({ pattern: '^https?://[^/?#\\s]+/?$', description })

const claimName = (usual: string) =>
  Type.String({ minLength: 1, maxLength: 256, default: usual, description: 'Name of a claim; identity providers often want a URL.' })

const perMinute = (usual: number, what: string) =>
  Type.Integer({ minimum: 0, maximum: 1_000_000, default: usual, description: `${what}; 0 sets no limit.` })

/** The environment variables that the service reads; every one but NODE_ENV stands in `.env.example`. */
export const ConfigSchema = Type.Object({
  NODE_ENV: Type.Optional(Type.String({ description: '`production` refuses embedded parts and development secrets.' })),
  PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 3000, description: 'TCP port; 0 takes any free one.' }),
  HOST: Type.String({ minLength: 1, default: '127.0.0.1', description: 'Address to listen on.' }),
  LOG_LEVEL: Type.Union(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => Type.Literal(level)), { default: 'info' }),
  PUBLIC_URL: Type.Optional(httpUrl('Address of this service as its users reach it, for links. Unset: as the request names it.')),
  CORS_ORIGINS: Type.Optional(Type.String({
    pattern: '^(\\*|https?://[^/,\\s]+( *, *https?://[^/,\\s]+)*)$',
    description: 'Origins whose web pages may use the service, parted by commas, or *. Unset: none but its own.',
  })),
  MAX_EVENT_LOOP_DELAY: Type.Number({
    minimum: 0, maximum: 60, default: 1, description: 'Seconds that events may wait on average before requests are refused; 0 for ever.',
  }),
  TRUST_PROXY: Type.Optional(Type.String({
    minLength: 1, description: 'Number of proxies, or their addresses, whose X-Forwarded headers are believed. Unset: nobody\'s.',
  })),
  DATA_DIR: Type.String({ minLength: 1, default: '.data', description: 'Folder of the embedded database and store.' }),
  DATABASE_URL: Type.Optional(Type.String({ pattern: '^postgres(ql)?://', description: 'PostgreSQL 15 or newer. Unset: embedded.' })),
  S3_ENDPOINT: Type.Optional(httpUrl('Address of the object storage. Unset: embedded.')),
  S3_REGION: Type.String({ minLength: 1, default: 'us-east-1' }),
  S3_BUCKET: Type.String({ pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$', default: 'objects' }),
  S3_ACCESS_KEY: Type.Optional(Type.String({ minLength: 1 })),
  S3_SECRET_KEY: Type.Optional(Type.String({ minLength: 1 })),
  S3_PUBLIC_ENDPOINT: Type.Optional(httpUrl('Address of the object storage as browsers reach it; used only to sign.')),
  S3_CONNECT_TIMEOUT: Type.Number({ minimum: 0.05, maximum: 60, default: 2, description: 'Seconds.' }),
  S3_FIRST_BYTE_TIMEOUT: Type.Number({
    minimum: 0.05, maximum: 300, default: 5, description: 'Seconds that the object storage may take to begin an answer.',
  }),
  STREAM_IDLE_TIMEOUT: Type.Number({
    minimum: 0.05, maximum: 3600, default: 60, description: 'Seconds without a byte moved after which a stream is broken off.',
  }),
  JWT_SECRET: Type.Optional(Type.String({ minLength: 32, description: 'HS256 key of at least 32 characters (RFC 7518, 3.2).' })),
  JWT_PUBLIC_KEY: Type.Optional(Type.String({ minLength: 1, description: 'PEM of an RSA, EC or Ed25519 public key.' })),
  JWT_JWKS_URL: Type.Optional(Type.String({
    pattern: '^https?://[^/?#\\s@]+(/[^#\\s]*)?$', description: 'Address of the JSON Web Key Set of whoever signs the tokens.',
  })),
  JWT_ISSUER: Type.Optional(Type.String({ minLength: 1, description: 'What a token\'s claim iss must be. Unset: anything.' })),
  JWT_AUDIENCE: Type.Optional(Type.String({ minLength: 1, description: 'What a token\'s claim aud must be or contain. Unset: anything.' })),
  JWT_CLOCK_TOLERANCE: Type.Integer({
    minimum: 0, maximum: 300, default: 0, description: 'Seconds that the clocks of who signs tokens and of the service may differ.',
  }),
  JWT_CLAIM_USER: claimName('sub'),
  JWT_CLAIM_ORG: claimName('orgKey'),
  JWT_CLAIM_ROLE: claimName('role'),
  EVENTS_TOKEN: Type.Optional(Type.String({
    minLength: 16, description: 'What the object store must send with its events. Unset: none are accepted over HTTP.',
  })),
  DOWNLOAD_MISS_LIMIT: perMinute(60, 'Downloads a minute and address that find no file'),
  AUTH_FAILURE_LIMIT: perMinute(60, 'Requests a minute and address without a valid token'),
  UPLOAD_LIMIT: perMinute(6000, 'Uploads a minute and user'),
  REDIS_URL: Type.Optional(Type.String({
    pattern: '^rediss?://', description: 'Redis that replicas count together in. Unset: each counts for itself.',
  })),
  DOWNLOAD_MODE: Type.Union([Type.Literal('redirect'), Type.Literal('stream')], { default: 'redirect' }),
  DOWNLOAD_URL_TTL: Type.Integer({ minimum: 10, maximum: 604800, default: 300, description: 'Seconds that a pre-signed URL is valid at most.' }),
  UPLOAD_URL_TTL: Type.Integer({ minimum: 10, maximum: 604800, default: 900, description: 'Seconds to begin an upload in.' }),
  EXISTENCE_TTL: Type.Integer({
    minimum: 0, maximum: 3600, default: 5, description: 'Seconds that a file, once found, is taken to be there; 0 asks every time.',
  }),
  RECONCILE_CRON: Type.Optional(Type.String({
    minLength: 1, description: 'When to compare the whole catalogue with the bucket, as in crontab. Unset: only on request.',
  })),
  SHUTDOWN_DELAY: Type.Number({
    minimum: 0, maximum: 300, default: 0, description: 'Seconds to go on for after a signal to end, with readiness false.',
  }),
  SHUTDOWN_GRACE: Type.Number({
    minimum: 0, maximum: 86400, default: 20, description: 'Seconds after that for requests and streams under way to end.',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(Type.String({
    pattern: '^https?://[^?#\\s]+$', description: 'Where traces are sent, by OTLP over HTTP. Unset: there are none.',
  })),
  OTEL_SERVICE_NAME: Type.String({ minLength: 1, default: 'objects-storage', description: 'The service\'s name in traces.' }),
  INLINE_ACTIVE_CONTENT: Type.Union([Type.Literal('sandbox'), Type.Literal('scripts'), Type.Literal('attachment')], {
    default: 'sandbox', description: 'How HTML, SVG and other active types are shown inline.',
  }),
})

/** The service's configuration, checked and with defaults filled in. */
export type Config = Static<typeof ConfigSchema>

/** Why the service cannot start with this environment, in one line that names the variable and never shows its value. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/**
 * Reads the configuration from environment variables. An empty variable counts as unset.
 *
 * @throws {ConfigError} on the first variable that is missing or has a value outside its schema.
 */
export function loadConfig (environment: Record<string, string | undefined>): Config {
  const given: Record<string, string | number> = {}
  for (const [name, schema] of Object.entries<TSchema>(ConfigSchema.properties)) {
    const text = environment[name]
    if (text === undefined || text === '') continue
    // Value.Convert would cut a fraction off where an integer is wanted.
    given[name] = schema.type === 'integer' || schema.type === 'number' ? Number(text) : text
  }
  // A key on one line: most ways to set an environment variable cannot hold line breaks.
  if (typeof given.JWT_PUBLIC_KEY === 'string') given.JWT_PUBLIC_KEY = given.JWT_PUBLIC_KEY.replaceAll('\\n', '\n')
  const config = Value.Default(ConfigSchema, given)
  if (!Value.Check(ConfigSchema, config)) {
    const first = Value.Errors(ConfigSchema, config).First()
    throw new ConfigError(first === undefined ? 'The configuration is not valid.' : describe(first.path.slice(1), first.schema))
  }
  checkTogether(config)
  return config
}

function describe (name: string, schema: TSchema): string {
  if (schema.anyOf !== undefined) {
    return `${name} must be one of: ${schema.anyOf.map((option: TSchema) => option.const).join(', ')}.`
  }
  const bounds = Object.entries({
    pattern: 'of the form', minimum: 'at least', maximum: 'at most', minLength: 'of a length of at least', maxLength: 'of a length of at most',
  }).filter(([keyword]) => schema[keyword] !== undefined).map(([keyword, words]) => `${words} ${schema[keyword]}`)
  return `${name} must be ${['a', 'i', 'o'].includes(String(schema.type)[0] ?? '') ? 'an' : 'a'} ${schema.type}${bounds.length > 0 ? ` ${bounds.join(', ')}` : ''}.`
}

/** The rules that no single variable can state. */
function checkTogether (config: Config): void {
  const refuseIf = (wrong: boolean, message: string) => { if (wrong) throw new ConfigError(message) }
  if (config.S3_ENDPOINT !== undefined) {
    refuseIf(config.S3_ACCESS_KEY === undefined, 'S3_ACCESS_KEY is missing: S3_ENDPOINT needs credentials.')
    refuseIf(config.S3_SECRET_KEY === undefined, 'S3_SECRET_KEY is missing: S3_ENDPOINT needs credentials.')
  }
  const { JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL } = config
  const keySources = Object.entries({ JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL }).filter(([, value]) => value !== undefined)
  refuseIf(keySources.length > 1,
    `${keySources.map(([name]) => name).join(' and ')} are set: choose one, so that the signing algorithm is pinned.`)
  if (JWT_PUBLIC_KEY !== undefined) {
    let publicKey: KeyObject
    try {
      publicKey = createPublicKey(JWT_PUBLIC_KEY)
    } catch {
      throw new ConfigError('JWT_PUBLIC_KEY must be a public key in PEM form.')
    }
    refuseIf(signatureAlgorithms(publicKey).length === 0,
      'JWT_PUBLIC_KEY must be an RSA (2048 bits or more), EC (P-256, P-384, P-521) or Ed25519 key.')
  }
  refuseIf(config.TRUST_PROXY !== undefined && parseTrustedProxies(config.TRUST_PROXY) === undefined,
    'TRUST_PROXY must be a number of proxies, 16 at most, or a list of addresses and CIDR ranges.')
  refuseIf(config.RECONCILE_CRON !== undefined && !isCronPattern(config.RECONCILE_CRON),
    'RECONCILE_CRON must be a schedule as in crontab, such as `0 3 * * *`.')
  if (config.NODE_ENV !== 'production') return
  refuseIf(config.DATABASE_URL === undefined, 'DATABASE_URL is missing: production refuses the embedded database.')
  refuseIf(config.S3_ENDPOINT === undefined, 'S3_ENDPOINT is missing: production refuses the embedded object storage.')
  refuseIf(keySources.length === 0, 'JWT_SECRET, JWT_PUBLIC_KEY or JWT_JWKS_URL is missing: production refuses the development secret.')
  refuseIf(JWT_SECRET === DEVELOPMENT_JWT_SECRET, 'JWT_SECRET is the development secret, which production refuses.')
}

function isCronPattern (text: string): boolean {
  try {
    return new CronPattern(text) !== undefined
  } catch {
    return false
  }
}
