import { type KeyObject, createPublicKey } from 'node:crypto'
import type { TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { CronPattern } from 'croner'
import { ConfigError } from './config/config-error.js'
import { checkEventDoors, checkEventQueues } from './config/event-sources.js'
import { lowerCaseSettings } from './config/misspelt-settings.js'
import { SecretFileError, readSecretNow } from './config/secret-text.js'
import { type Config, ConfigSchema, secretSettings } from './config/settings.js'
import { fileSettingOf } from './config/settings/secret-files.js'
import { pathOfAddress } from './http/base-path.js'
import { parseTrustedProxies } from './http/trusted-proxies.js'
import { signatureAlgorithms } from './identity/signature-algorithm.js'
import { canTakeNames } from './store/bucket-address.js'
import { takesVirtualHosts } from './store/vendor.js'

export { ConfigError } from './config/config-error.js'
export { SecretFileError, readSecret } from './config/secret-text.js'
export { type Config, ConfigSchema } from './config/settings.js'
export { claimNamesOf, roleValuesOf, signingOptions } from './config/token-settings.js'

// The first that anyone would try: this service's own development secret before 0.2, and the one that jwt.io fills in.
const PUBLIC_SECRETS = ['development-secret-that-production-refuses', 'a-string-secret-at-least-256-bits-long']

/**
 * Reads the configuration from environment variables. An empty variable counts as unset.
 *
 * @param options.verifiesTokens false for a program that admits no callers, and so needs no key for their tokens
 * @throws {ConfigError} for the first variable that is missing or has a value outside its schema.
 */
export function loadConfig (
  environment: Record<string, string | undefined>, { verifiesTokens = true }: { verifiesTokens?: boolean } = {},
): Config {
  const given: Record<string, string | number> = {}
  for (const [name, schema] of Object.entries<TSchema>(ConfigSchema.properties)) {
    const text = environment[name] || (lowerCaseSettings.includes(name) ? environment[name.toLowerCase()] : undefined)
    if (text === undefined || text === '') continue
    // Value.Convert would truncate a fraction to an integer.
    given[name] = schema.type === 'integer' || schema.type === 'number' ? Number(text) : settingValue(name, text)
  }
  for (const [name, path] of secretFilesOf(given)) {
    if (given[name] !== undefined) throw new ConfigError(`${name} and ${fileSettingOf(name)} are set: choose one.`)
    given[name] = settingValue(name, readFileOf(name, path))
  }
  const config = check(Value.Default(ConfigSchema, given))
  if (verifiesTokens) checkTokenKey(config)
  return config
}

function check (config: unknown): Config {
  if (!Value.Check(ConfigSchema, config)) {
    const first = Value.Errors(ConfigSchema, config).First()
    throw new ConfigError(first === undefined ? 'The configuration is not valid.' : describe(first.path.slice(1), first.schema))
  }
  checkTogether(config)
  checkStorageAccess(config)
  checkPublicAddress(config)
  checkEventDoors(config)
  checkEventQueues(config)
  return config
}

/** The files that secrets are read from, by the secret's name. */
export function secretFilesOf (config: object): Map<string, string> {
  const given = new Map<string, unknown>(Object.entries(config))
  return new Map(secretSettings.flatMap((name) => {
    const path = given.get(fileSettingOf(name))
    return typeof path === 'string' ? [[name, path]] : []
  }))
}

/**
 * The configuration with new secrets, checked by the same rules.
 *
 * @param secrets by name, as their files hold them
 * @throws {ConfigError} like `loadConfig`
 */
export function withSecrets (config: Config, secrets: ReadonlyMap<string, string>): Config {
  const changed = { ...config, ...Object.fromEntries([...secrets].map(([name, text]) => [name, settingValue(name, text)])) }
  return check(changed)
}

function readFileOf (name: string, path: string): string {
  try {
    return readSecretNow(path)
  } catch (error) {
    if (!(error instanceof SecretFileError)) throw error
    throw new ConfigError(`${fileSettingOf(name)}: ${error.message}.`, { cause: error })
  }
}

/**
 * The value of a setting. A key may be written on one line, since most ways to set an environment variable allow no line
 * breaks.
 */
export function settingValue (name: string, text: string): string {
  return name === 'JWT_PUBLIC_KEY' ? text.replaceAll('\\n', '\n') : text
}

/** What a variable must be, in words, with an example if there is one. */
function describe (name: string, schema: TSchema): string {
  if (schema.anyOf !== undefined) {
    return `${name} must be one of: ${schema.anyOf.map((option: TSchema) => option.const).join(', ')}.`
  }
  const { type, words, minimum, maximum, minLength, maxLength, default: usual, examples: [example] = [usual] } = schema
  const form = words ?? {
    integer: `a whole number from ${minimum} to ${maximum}`,
    number: `a number from ${minimum} to ${maximum}`,
    string: `text of ${maxLength === undefined ? `${minLength} characters or more` : `${minLength} to ${maxLength} characters`}`,
  }[String(type)]
  return `${name} must be ${form}${example === undefined ? '' : `, such as ${example}`}.`
}

/** Checks the rules that involve more than one variable. */
function checkTogether (config: Config): void {
  const refuseIf = (wrong: boolean, message: string) => { if (wrong) throw new ConfigError(message) }
  refuseIf(secretFilesOf(config).has('S3_SECRET_KEY') && config.S3_ENDPOINT !== undefined && config.SERVICE_SECRET === undefined,
    'SERVICE_SECRET is missing: S3_SECRET_KEY_FILE may change, and what clients keep for the service must outlive it.')
  const { S3_ENDPOINT, S3_ACCESS_KEY, S3_SECRET_KEY, S3_SESSION_TOKEN, S3_UPLOAD_ACCESS_KEY, S3_UPLOAD_SECRET_KEY } = config
  if (S3_ENDPOINT !== undefined) {
    refuseIf(S3_ACCESS_KEY === undefined && S3_SECRET_KEY !== undefined, 'S3_ACCESS_KEY is missing: S3_SECRET_KEY needs it.')
    refuseIf(S3_ACCESS_KEY !== undefined && S3_SECRET_KEY === undefined, 'S3_SECRET_KEY is missing: S3_ACCESS_KEY needs it.')
    refuseIf(S3_ACCESS_KEY === undefined && config.SERVICE_SECRET === undefined,
      'S3_ACCESS_KEY and S3_SECRET_KEY are missing. To use this machine\'s own credentials, such as those of a role, set ' +
      'SERVICE_SECRET instead: what clients keep for the service must outlive a session.')
  }
  refuseIf(S3_SESSION_TOKEN !== undefined && (S3_ACCESS_KEY === undefined || S3_SECRET_KEY === undefined),
    'S3_ACCESS_KEY and S3_SECRET_KEY are missing: S3_SESSION_TOKEN needs the keys of its session.')
  refuseIf((S3_UPLOAD_ACCESS_KEY === undefined) !== (S3_UPLOAD_SECRET_KEY === undefined),
    'S3_UPLOAD_ACCESS_KEY and S3_UPLOAD_SECRET_KEY must be set together, or not at all.')
  refuseIf(S3_UPLOAD_ACCESS_KEY !== undefined && S3_ENDPOINT === undefined,
    'S3_ENDPOINT is missing: the embedded object storage has no separate credentials for uploads.')
  // The driver would quote all of it, including its password.
  refuseIf(config.DATABASE_URL !== undefined && !isConnectionString(config.DATABASE_URL),
    'DATABASE_URL must be a URL: in its user\'s name and password, special characters must be percent-encoded, as %40 for @.')
  if (config.DATABASE_AUTH === 'aws-iam') {
    const { DATABASE_URL, DATABASE_PASSWORD, DATABASE_CA } = config
    refuseIf(DATABASE_URL === undefined, 'DATABASE_URL is missing: DATABASE_AUTH=aws-iam is for a database of Amazon RDS.')
    refuseIf(DATABASE_PASSWORD !== undefined, 'DATABASE_PASSWORD and DATABASE_AUTH=aws-iam are set: choose one.')
    const mode = /[?&]sslmode=([^&#]*)/.exec(DATABASE_URL ?? '')?.[1] ?? (DATABASE_CA === undefined ? 'none' : 'verify-full')
    refuseIf(!['require', 'verify-ca', 'verify-full'].includes(mode),
      'DATABASE_AUTH=aws-iam needs TLS, without which RDS accepts no token: add sslmode=verify-full to DATABASE_URL, or set ' +
      'DATABASE_CA.')
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
      'JWT_PUBLIC_KEY must be an RSA (2048 bits or more, an odd exponent of at least 3), EC (P-256, P-384, P-521) or ' +
      'Ed25519 key that is not weak.')
  }
  refuseIf(config.TRUST_PROXY !== undefined && parseTrustedProxies(config.TRUST_PROXY) === undefined,
    'TRUST_PROXY must be a number of proxies, 16 at most, or a list of addresses and CIDR ranges.')
  refuseIf(config.RECONCILE_CRON !== undefined && !isCronPattern(config.RECONCILE_CRON),
    'RECONCILE_CRON must be a schedule as in crontab, such as `0 3 * * *`.')
  const { SERVICE_SECRET, SERVICE_SECRET_PREVIOUS } = config
  for (const [name, secret] of Object.entries({ JWT_SECRET, SERVICE_SECRET, SERVICE_SECRET_PREVIOUS })) {
    refuseIf(secret !== undefined && PUBLIC_SECRETS.includes(secret),
      `${name} is a secret that everybody knows: choose another one, for instance with \`openssl rand -base64 48\`.`)
  }
  refuseIf(SERVICE_SECRET_PREVIOUS !== undefined && SERVICE_SECRET === undefined,
    'SERVICE_SECRET is missing: SERVICE_SECRET_PREVIOUS is only for its previous value.')
  if (config.NODE_ENV !== 'production') return
  refuseIf(config.DATABASE_URL === undefined, 'DATABASE_URL is missing: production refuses the embedded database.')
  refuseIf(config.S3_ENDPOINT === undefined, 'S3_ENDPOINT is missing: production refuses the embedded object storage.')
}

/** If one of the two settings had a malformed path, every link would be wrong. */
function checkPublicAddress ({ PUBLIC_URL, BASE_PATH = '', HOST, TRUST_PROXY }: Config): void {
  if (HOST.startsWith('unix:') && !HOST.startsWith('unix:/')) {
    throw new ConfigError('HOST must name a Unix socket by its full path, such as unix:/run/objects.sock.')
  }
  if (HOST.startsWith('unix:') && TRUST_PROXY !== undefined && !/^\d+$/.test(TRUST_PROXY)) {
    throw new ConfigError('TRUST_PROXY must be a number of proxies: clients of a Unix socket have no address.')
  }
  if (PUBLIC_URL === undefined) return
  if (!URL.canParse(PUBLIC_URL)) throw new ConfigError('PUBLIC_URL must be an address such as https://files.example.com.')
  if (!pathOfAddress(PUBLIC_URL).endsWith(BASE_PATH)) {
    throw new ConfigError('PUBLIC_URL must end with BASE_PATH, since people reach the service below that.')
  }
}

/** Checks the settings on how the object storage is reached against each other. */
function checkStorageAccess (config: Config): void {
  const { S3_ADDRESSING, S3_BUCKET, S3_PREFIX } = config
  if ((config.S3_CLIENT_CERT === undefined) !== (config.S3_CLIENT_KEY === undefined)) {
    throw new ConfigError('S3_CLIENT_CERT and S3_CLIENT_KEY must be set together, or not at all.')
  }
  for (const name of ['HTTPS_PROXY', 'HTTP_PROXY'] as const) {
    if (config[name] !== undefined && !URL.canParse(config[name])) {
      throw new ConfigError(`${name} must be a URL: in its user's name and password, special characters must be percent-encoded.`)
    }
  }
  if (config.S3_ENDPOINT === undefined && S3_PREFIX !== undefined) {
    throw new ConfigError('S3_ENDPOINT is missing: the embedded object storage is not shared, so S3_PREFIX is of no use.')
  }
  const endpoints = { S3_ENDPOINT: config.S3_ENDPOINT, S3_PUBLIC_ENDPOINT: config.S3_PUBLIC_ENDPOINT }
  for (const [name, endpoint] of Object.entries(endpoints)) {
    if (endpoint === undefined) continue
    if (!URL.canParse(endpoint)) throw new ConfigError(`${name} must be an address such as https://storage.example.com.`)
    if (S3_ADDRESSING === 'virtual-host' && !canTakeNames(endpoint)) {
      throw new ConfigError(
        `S3_ADDRESSING must be path or auto: ${name} is an IP address, and no bucket's name can be put in front of one.`)
    }
    const { hostname, pathname } = new URL(endpoint)
    const namesBucket = takesVirtualHosts(endpoint) && hostname.startsWith(`${S3_BUCKET}.`)
    if (namesBucket || pathname.replace(/\/+$/, '').endsWith(`/${S3_BUCKET}`)) {
      throw new ConfigError(`${name} must be the address without the bucket: S3_BUCKET names that.`)
    }
  }
}

/** The service generates a key of its own only if both the database and the object storage are embedded. */
function checkTokenKey ({ DATABASE_URL, S3_ENDPOINT, JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL }: Config): void {
  const isEmbedded = DATABASE_URL === undefined && S3_ENDPOINT === undefined
  if (isEmbedded || JWT_SECRET !== undefined || JWT_PUBLIC_KEY !== undefined || JWT_JWKS_URL !== undefined) return
  throw new ConfigError('JWT_SECRET, JWT_PUBLIC_KEY or JWT_JWKS_URL is missing: a service that is configured with a ' +
    'database or an object storage needs a key to verify tokens with.')
}

/** As node-postgres reads it, which also accepts one without a host: `postgres:///database`, for a socket on this machine. */
function isConnectionString (text: string): boolean {
  return URL.canParse(text) || URL.canParse(text.replace('@/', '@host/'))
}

function isCronPattern (text: string): boolean {
  try {
    return new CronPattern(text) !== undefined
  } catch {
    return false
  }
}
