import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { ConfigError, loadConfig } from '../../config.js'

const secret = 'a-secret-of-at-least-thirty-two-characters'
const publicKey = (type: 'ed25519' | 'x25519') =>
  (type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519')).publicKey
    .export({ type: 'spki', format: 'pem' }).toString()
const shortRsaKey = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' }).toString()
const rsaKey = (e: string) => {
  const { n = '' } = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
  return createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString()
}
const store = { S3_ENDPOINT: 'https://s3.example.com', S3_ACCESS_KEY: 'access', S3_SECRET_KEY: 'hidden' }

t.test('without any variable everything has its default', async (t) => {
  t.match(loadConfig({}), { PORT: 3000, HOST: '127.0.0.1', LOG_LEVEL: 'info', DOWNLOAD_MODE: 'redirect', DOWNLOAD_URL_TTL: 300 })
})

t.test('an empty variable counts as unset', async (t) => {
  t.equal(loadConfig({ DATABASE_URL: '', PORT: '' }).DATABASE_URL, undefined)
})

t.test('numbers are read from text', async (t) => {
  t.match(loadConfig({ PORT: '8080', STREAM_IDLE_TIMEOUT: '0.5' }), { PORT: 8080, STREAM_IDLE_TIMEOUT: 0.5 })
})

t.test('a public key may stand on one line', async (t) => {
  const pem = publicKey('ed25519')
  t.equal(loadConfig({ JWT_PUBLIC_KEY: pem.replaceAll('\n', '\\n') }).JWT_PUBLIC_KEY, pem)
})

t.test('a program that admits no callers needs no key for tokens', async (t) => {
  t.equal(loadConfig({ DATABASE_URL: 'postgres://db/x' }, { verifiesTokens: false }).DATABASE_URL, 'postgres://db/x')
})

t.test('production accepts a whole configuration', async (t) => {
  t.ok(loadConfig({ NODE_ENV: 'production', DATABASE_URL: 'postgres://db/x', JWT_SECRET: secret, ...store }))
})

const keyMissing = /^JWT_SECRET, JWT_PUBLIC_KEY or JWT_JWKS_URL is missing/
const formerSecret = 'development-secret-that-production-refuses'
const refused: Array<[wrong: string, environment: Record<string, string>, message: RegExp]> = [
  ['a port that is not a number', { PORT: 'http' }, /^PORT must be a whole number from 0 to 65535, such as 3000\.$/],
  ['a port out of range', { PORT: '65536' }, /^PORT must be .* to 65535/],
  ['a port with a fraction', { PORT: '80.5' }, /^PORT /],
  ['an unknown log level', { LOG_LEVEL: 'loud' }, /^LOG_LEVEL must be one of: fatal, /],
  ['another database', { DATABASE_URL: 'mysql://db/x' }, /^DATABASE_URL must be an address of PostgreSQL, such as postgres:\/\/user:password@host:5432\/database\.$/],
  ['a database whose password breaks its URL', { JWT_SECRET: secret, DATABASE_URL: 'postgres://user:hid#den@host/db' }, /^DATABASE_URL must be a URL: .*percent-encoded/],
  ['an endpoint with a query', { ...store, S3_ENDPOINT: 'https://s3.example.com/s3?a=b' }, /^S3_ENDPOINT must be an address that begins with http:.*, such as http:\/\/127\.0\.0\.1:9000\.$/],
  ['an endpoint that is none', { ...store, S3_ENDPOINT: 'https://s3.example.com:port' }, /^S3_ENDPOINT must be an address such as /],
  ['an endpoint with the bucket behind', { ...store, S3_ENDPOINT: 'https://s3.example.com/objects/' }, /^S3_ENDPOINT must be the address without the bucket/],
  ['an endpoint with the bucket in front', { ...store, S3_ENDPOINT: 'https://objects.oss-cn-hangzhou.aliyuncs.com' }, /^S3_ENDPOINT must be the address without the bucket/],
  ['a public endpoint with the bucket behind', { ...store, S3_PUBLIC_ENDPOINT: 'https://s3.example.com/objects' }, /^S3_PUBLIC_ENDPOINT must be the address without/],
  ['a bucket in front of an IP address', { ...store, S3_ENDPOINT: 'http://[::1]:9000', S3_ADDRESSING: 'virtual-host' }, /^S3_ADDRESSING must be path or auto: S3_ENDPOINT is an IP address/],
  ['an unknown addressing', { ...store, S3_ADDRESSING: 'virtual' }, /^S3_ADDRESSING must be one of: path, virtual-host, auto\.$/],
  ['a prefix of the embedded storage', { S3_PREFIX: 'a/' }, /^S3_ENDPOINT is missing/],
  ['a prefix without a slash at its end', { ...store, S3_PREFIX: 'a' }, /^S3_PREFIX must be names of letters.* such as objects\/production\/\.$/],
  ['a prefix with a slash in front', { ...store, S3_PREFIX: '/a/' }, /^S3_PREFIX must be /],
  ['a prefix with two slashes', { ...store, S3_PREFIX: 'a//b/' }, /^S3_PREFIX must be /],
  ['a prefix that goes up', { ...store, S3_PREFIX: 'a/../' }, /^S3_PREFIX must be /],
  ['a prefix that leaves too little room', { ...store, S3_PREFIX: `${'a'.repeat(256)}/` }, /^S3_PREFIX must be .*256 characters/],
  ['an endpoint without an access key', { ...store, S3_ACCESS_KEY: '' }, /^S3_ACCESS_KEY is missing/],
  ['an endpoint without a secret key', { ...store, S3_SECRET_KEY: '' }, /^S3_SECRET_KEY is missing/],
  ['an endpoint without credentials', { JWT_SECRET: secret, S3_ENDPOINT: store.S3_ENDPOINT }, /^S3_ACCESS_KEY and S3_SECRET_KEY are missing. .* SERVICE_SECRET/],
  ['a session without its keys', { S3_SESSION_TOKEN: 'hidden' }, /^S3_ACCESS_KEY and S3_SECRET_KEY are missing/],
  ['a database of RDS without TLS', { DATABASE_URL: 'postgres://user@host/db', DATABASE_AUTH: 'aws-iam' }, /^DATABASE_AUTH=aws-iam needs TLS/],
  ['a token of RDS beside a password',
    { DATABASE_URL: 'postgres://user@host/db?sslmode=require', DATABASE_AUTH: 'aws-iam', DATABASE_PASSWORD: 'hidden' }, /^DATABASE_PASSWORD and /],
  ['a token of RDS for the embedded database', { DATABASE_AUTH: 'aws-iam' }, /^DATABASE_URL is missing/],
  ['a secret beside its file', { JWT_SECRET: secret, JWT_SECRET_FILE: '/dev/null' }, /^JWT_SECRET and JWT_SECRET_FILE are set: choose one/],
  ['an empty file of a secret', { JWT_SECRET_FILE: '/dev/null' }, /^JWT_SECRET_FILE: the file \/dev\/null is empty\.$/],
  ['a file of a secret that is not there', { JWT_SECRET_FILE: '/nowhere' }, /^JWT_SECRET_FILE: the file \/nowhere cannot be read \(ENOENT\)\.$/],
  ['keys that may change without a secret of the service', { S3_ENDPOINT: store.S3_ENDPOINT, S3_ACCESS_KEY: 'access', S3_SECRET_KEY_FILE: '/etc/hostname' },
    /^SERVICE_SECRET is missing: S3_SECRET_KEY_FILE may change/],
  ['an access key for uploads without its secret key', { ...store, S3_UPLOAD_ACCESS_KEY: 'upload' }, /^S3_UPLOAD_ACCESS_KEY and S3_UPLOAD_SECRET_KEY /],
  ['a secret key for uploads without its access key', { ...store, S3_UPLOAD_SECRET_KEY: 'hidden' }, /^S3_UPLOAD_ACCESS_KEY and S3_UPLOAD_SECRET_KEY /],
  ['credentials for uploads to the embedded storage', { S3_UPLOAD_ACCESS_KEY: 'upload', S3_UPLOAD_SECRET_KEY: 'hidden' }, /^S3_ENDPOINT is missing/],
  ['a bucket name that is none', { S3_BUCKET: 'My Bucket' }, /^S3_BUCKET /],
  ['a public address that is none', { PUBLIC_URL: 'https://[files]/' }, /^PUBLIC_URL must be an address such as /],
  ['a public address with a query', { PUBLIC_URL: 'https://example.com/files?a' }, /^PUBLIC_URL must be an address that begins/],
  ['a base path without a slash in front', { BASE_PATH: 'files' }, /^BASE_PATH must be a path that begins with a slash.* such as \/files\.$/],
  ['a base path with a slash at its end', { BASE_PATH: '/files/' }, /^BASE_PATH must be /],
  ['a base path that is the root', { BASE_PATH: '/' }, /^BASE_PATH must be /],
  ['a base path that goes up', { BASE_PATH: '/files/..' }, /^BASE_PATH must be /],
  ['a base path that links would not have', { PUBLIC_URL: 'https://example.com/files', BASE_PATH: '/flies' }, /^PUBLIC_URL must end with BASE_PATH/],
  ['a socket by half a path', { HOST: 'unix:objects.sock' }, /^HOST must name a Unix socket by its full path/],
  ['addresses of proxies at a socket', { HOST: 'unix:/run/objects.sock', TRUST_PROXY: '10.0.0.0/8' }, /^TRUST_PROXY must be a number of proxies/],
  ['an origin with a path', { CORS_ORIGINS: 'https://app.example.com/' }, /^CORS_ORIGINS /],
  ['trust in every proxy', { TRUST_PROXY: 'true' }, /^TRUST_PROXY must be /],
  ['a limit below zero', { UPLOAD_LIMIT: '-1' }, /^UPLOAD_LIMIT must be .*from 0 to/],
  ['a Redis that is none', { REDIS_URL: 'http://hidden' }, /^REDIS_URL /],
  ['an unknown download mode', { DOWNLOAD_MODE: 'proxy' }, /^DOWNLOAD_MODE must be one of: redirect, stream/],
  ['a TTL beyond what S3 signs for', { DOWNLOAD_URL_TTL: '604801' }, /^DOWNLOAD_URL_TTL /],
  ['a short secret', { JWT_SECRET: 'short' }, /^JWT_SECRET /],
  ['a secret beside a key', { JWT_SECRET: secret, JWT_PUBLIC_KEY: publicKey('ed25519') }, /^JWT_SECRET and JWT_PUBLIC_KEY /],
  ['a secret beside a key set', { JWT_SECRET: secret, JWT_JWKS_URL: 'https://id.example.com/keys' }, /^JWT_SECRET and JWT_JWKS_URL are set/],
  ['a key beside a key set',
    { JWT_PUBLIC_KEY: publicKey('ed25519'), JWT_JWKS_URL: 'https://id.example.com/keys' }, /^JWT_PUBLIC_KEY and JWT_JWKS_URL are set/],
  ['a key set that is not an address of HTTP', { JWT_JWKS_URL: 'file:///hidden' }, /^JWT_JWKS_URL /],
  ['a key set behind credentials', { JWT_JWKS_URL: 'https://user:hidden@id.example.com/keys' }, /^JWT_JWKS_URL /],
  ['a tolerance without bounds', { JWT_CLOCK_TOLERANCE: '301' }, /^JWT_CLOCK_TOLERANCE must be .* to 300/],
  ['values that stand for no role', { JWT_ROLE_VALUES: 'hidden' }, /^JWT_ROLE_VALUES must be a list of values and/],
  ['values that stand for an unknown role', { JWT_ROLE_VALUES: 'hidden=admin,others=root' }, /^JWT_ROLE_VALUES /],
  ['a role of no value', { JWT_ROLE_VALUES: ' =admin' }, /^JWT_ROLE_VALUES /],
  ['a claim of an endless name', { JWT_CLAIM_ORG: 'hidden'.repeat(50) }, /^JWT_CLAIM_ORG must be text of 1 to 256 characters/],
  ['an RSA key with exponent 1', { JWT_PUBLIC_KEY: rsaKey('AQ') }, /^JWT_PUBLIC_KEY must be an RSA \(.*an odd exponent of at least 3/],
  ['an RSA key with an even exponent', { JWT_PUBLIC_KEY: rsaKey('AQAA') }, /^JWT_PUBLIC_KEY must be an RSA \(.*an odd exponent of at least 3/],
  ['a short RSA key', { JWT_PUBLIC_KEY: shortRsaKey }, /^JWT_PUBLIC_KEY must be an RSA \(2048 bits or more, /],
  ['a key that is none', { JWT_PUBLIC_KEY: 'hidden' }, /^JWT_PUBLIC_KEY /],
  ['a key that cannot sign', { JWT_PUBLIC_KEY: publicKey('x25519') }, /^JWT_PUBLIC_KEY /],
  ['production on the embedded database', { NODE_ENV: 'production', JWT_SECRET: secret, ...store }, /^DATABASE_URL is missing/],
  ['production on the embedded store', { NODE_ENV: 'production', DATABASE_URL: 'postgres://db/x', JWT_SECRET: secret }, /^S3_ENDPOINT is missing/],
  ['production without a key', { NODE_ENV: 'production', DATABASE_URL: 'postgres://db/x', ...store }, keyMissing],
  ['a database without a key', { DATABASE_URL: 'postgres://db/x' }, keyMissing],
  ['a store without a key', { ...store }, keyMissing],
  ['a database and a store without a key, whatever NODE_ENV says',
    { NODE_ENV: 'prod', HOST: '0.0.0.0', DATABASE_URL: 'postgres://db/x', ...store }, keyMissing],
  ['the former development secret', { JWT_SECRET: formerSecret }, /^JWT_SECRET is a secret that everybody knows/],
  ['the former development secret in production',
    { NODE_ENV: 'production', DATABASE_URL: 'postgres://db/x', JWT_SECRET: formerSecret, ...store }, /^JWT_SECRET is a secret that everybody knows/],
  ['the example of a web page', { JWT_SECRET: 'a-string-secret-at-least-256-bits-long' }, /^JWT_SECRET is a secret that everybody knows/],
  ['a public secret of the service', { SERVICE_SECRET: formerSecret }, /^SERVICE_SECRET is a secret that everybody knows/],
  ['a short secret of the service', { SERVICE_SECRET: 'hidden' }, /^SERVICE_SECRET must be text of 32 characters or more/],
  ['a previous secret without a current one', { SERVICE_SECRET_PREVIOUS: secret }, /^SERVICE_SECRET is missing/],
]
for (const [wrong, environment, message] of refused) {
  t.test(`${wrong} ends the start with one line that names the variable and shows no value`, async (t) => {
    const error = t.throws(() => loadConfig(environment), ConfigError)
    if (!(error instanceof ConfigError)) return
    t.match(error.message, message)
    t.notMatch(error.message, '\n')
    t.notMatch(error.message, /[\^\\$[\]]/, 'it has words in place of a regular expression')
    t.notMatch(error.message, /hidden|short|development-secret|a-string-secret|mysql:|My Bucket/)
  })
}
