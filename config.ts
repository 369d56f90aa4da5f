import { type KeyObject, createPublicKey } from 'node:crypto'
import type { TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { CronPattern } from 'croner'
import { type Config, ConfigSchema } from './config/settings.js'
import { parseTrustedProxies } from './http/trusted-proxies.js'
import { signatureAlgorithms } from './identity/signature-algorithm.js'

export { type Config, ConfigSchema } from './config/settings.js'
export { claimNamesOf, roleValuesOf, signingOptions } from './config/token-settings.js'

// What anyone may try first: this service's own development secret before 0.2, and the one that jwt.io fills in.
const PUBLIC_SECRETS = ['development-secret-that-production-refuses', 'a-string-secret-at-least-256-bits-long']

/** Why the service cannot start with this environment, in one line that names the variable and never shows its value. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/**
 * Reads the configuration from environment variables. An empty variable counts as unset.
 *
 * @param options.verifiesTokens false for a program that lets nobody in, and so needs no key for that
 * @throws {ConfigError} on the first variable that is missing or has a value outside its schema.
 */
export function loadConfig (
  environment: Record<string, string | undefined>, { verifiesTokens = true }: { verifiesTokens?: boolean } = {},
): Config {
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
  if (verifiesTokens) checkTokenKey(config)
  return config
}

/** What a variable must be, in words, with an example where there is one. */
function describe (name: string, schema: TSchema): string {
  if (schema.anyOf !== undefined) {
    return `${name} must be one of: ${schema.anyOf.map((option: TSchema) => option.const).join(', ')}.`
  }
  const { type, words, minimum, maximum, minLength, maxLength, default: usual, examples: [example] = [usual] } = schema
  const form = words ?? {
    integer: `a whole number from ${minimum} to ${maximum}`,
    number: `a number from ${minimum} to ${maximum}`,
    string: `a text of ${maxLength === undefined ? `${minLength} characters or more` : `${minLength} to ${maxLength} characters`}`,
  }[String(type)]
  return `${name} must be ${form}${example === undefined ? '' : `, such as ${example}`}.`
}

/** The rules that no single variable can state. */
function checkTogether (config: Config): void {
  const refuseIf = (wrong: boolean, message: string) => { if (wrong) throw new ConfigError(message) }
  if (config.S3_ENDPOINT !== undefined) {
    refuseIf(config.S3_ACCESS_KEY === undefined, 'S3_ACCESS_KEY is missing: S3_ENDPOINT needs credentials.')
    refuseIf(config.S3_SECRET_KEY === undefined, 'S3_SECRET_KEY is missing: S3_ENDPOINT needs credentials.')
  }
  const { S3_ENDPOINT, S3_UPLOAD_ACCESS_KEY, S3_UPLOAD_SECRET_KEY } = config
  refuseIf((S3_UPLOAD_ACCESS_KEY === undefined) !== (S3_UPLOAD_SECRET_KEY === undefined),
    'S3_UPLOAD_ACCESS_KEY and S3_UPLOAD_SECRET_KEY must be set together, or neither of them.')
  refuseIf(S3_UPLOAD_ACCESS_KEY !== undefined && S3_ENDPOINT === undefined,
    'S3_ENDPOINT is missing: the embedded object storage has no credentials for uploads alone.')
  // The driver would quote all of it, with its password.
  refuseIf(config.DATABASE_URL !== undefined && !isConnectionString(config.DATABASE_URL),
    'DATABASE_URL must be a URL: in its user\'s name and password, special characters must be percent-encoded, as %40 for @.')
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
      'JWT_PUBLIC_KEY must be an RSA (2048 bits or more, an odd exponent of at least 3), EC (P-256, P-384, P-521) or Ed25519 key, and not a weak one.')
  }
  refuseIf(config.TRUST_PROXY !== undefined && parseTrustedProxies(config.TRUST_PROXY) === undefined,
    'TRUST_PROXY must be a number of proxies, 16 at most, or a list of addresses and CIDR ranges.')
  refuseIf(config.RECONCILE_CRON !== undefined && !isCronPattern(config.RECONCILE_CRON),
    'RECONCILE_CRON must be a schedule as in crontab, such as `0 3 * * *`.')
  const { SERVICE_SECRET, SERVICE_SECRET_PREVIOUS } = config
  for (const [name, secret] of Object.entries({ JWT_SECRET, SERVICE_SECRET, SERVICE_SECRET_PREVIOUS })) {
    refuseIf(secret !== undefined && PUBLIC_SECRETS.includes(secret),
      `${name} is a secret that everybody knows: choose another one, as by \`openssl rand -base64 48\`.`)
  }
  refuseIf(SERVICE_SECRET_PREVIOUS !== undefined && SERVICE_SECRET === undefined,
    'SERVICE_SECRET is missing: SERVICE_SECRET_PREVIOUS is what it was before.')
  if (config.NODE_ENV !== 'production') return
  refuseIf(config.DATABASE_URL === undefined, 'DATABASE_URL is missing: production refuses the embedded database.')
  refuseIf(config.S3_ENDPOINT === undefined, 'S3_ENDPOINT is missing: production refuses the embedded object storage.')
}

/** Only where database and object storage are embedded does the service make a key of its own, which nobody else has. */
function checkTokenKey ({ DATABASE_URL, S3_ENDPOINT, JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL }: Config): void {
  const isEmbedded = DATABASE_URL === undefined && S3_ENDPOINT === undefined
  if (isEmbedded || JWT_SECRET !== undefined || JWT_PUBLIC_KEY !== undefined || JWT_JWKS_URL !== undefined) return
  throw new ConfigError('JWT_SECRET, JWT_PUBLIC_KEY or JWT_JWKS_URL is missing: with a database or an object storage of its own ' +
    'the service needs a key to verify tokens with.')
}

/** As node-postgres reads it, which also takes one without a host: `postgres:///database`, for a socket of this machine. */
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
