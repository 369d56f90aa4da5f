import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { hasCeph, startCeph } from '../../support/ceph-server.js'
import { createServerDatabase, testDatabaseUrl } from '../../support/database.js'
import { startRelay, subscribe } from '../../support/notification-relay.js'
import { startService } from '../../support/service.js'
import { storeKinds } from '../../support/stores.js'
import { makeKey, startIssuer } from '../../support/issuer.js'
import { compileCommands } from '../../support/command-process.js'

const commands = await compileCommands(t)
const statuses = (output: string) => Object.fromEntries(
  JSON.parse(output).findings.map(({ check, status }: { check: string, status: string }) => [check, status]))
const allWell = {
  configuration: 'ok',
  tokens: 'ok',
  'service-secret': 'ok',
  'share-links': 'ok',
  'store-credentials': 'ok',
  'events-token': 'ok',
  lifetimes: 'ok',
  database: 'ok',
  'set-aside': 'ok',
  addressing: 'ok',
  bucket: 'ok',
  'missing-key': 'ok',
  put: 'ok',
  head: 'ok',
  get: 'ok',
  list: 'ok',
  'public-endpoint': 'ok',
  cors: 'ok',
  'cors-upload': 'ok',
  upload: 'ok',
  'upload-copy': 'ok',
  'upload-acl': 'ok',
  'upload-type': 'ok',
  'upload-size': 'ok',
  delete: 'ok',
  notifications: 'ok',
}

t.test('the embedded parts are found to be well, and are left as they were', async (t) => {
  const environment = { DATA_DIR: t.testdir() }
  const { exitCode, output, errors } = await commands.run('doctor', ['--json'], environment)
  t.equal(exitCode, 0, errors)
  t.strictSame(statuses(output), { ...allWell, 'bucket-settings': 'skipped' })
  const explained = JSON.parse((await commands.run('explain', ['--org', 'doctor', '--json'], environment)).output)
  t.match(explained, { agrees: true, bucket: { total: { files: '0' } }, kept: { total: { files: '0' } } })
})

const anyHeader = '<AllowedHeader>*</AllowedHeader>'
const real = storeKinds.find(({ name }) => name === 'real S3')
const skip = real?.skip || testDatabaseUrl === undefined ? 'there is no real store, or no server' : false

t.test('a real store that notifies a running service is found to be well, and one that does not is found out', { skip }, async (t) => {
  const { url, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  const store = real?.environment() ?? {}
  const secrets = {
    EVENTS_TOKEN: 'a-token-of-the-object-store',
    JWT_SECRET: 'a-secret-of-the-token-issuer-and-nobody',
    SERVICE_SECRET: 'a-secret-of-the-service-and-its-replicas',
  }
  const environment = { ...store, ...secrets, DATABASE_URL: url }
  const { app } = await startService(t, environment)
  t.teardown(() => real?.remove(store))

  const silent = await commands.run('doctor', ['--json', '--wait', '1'], environment)
  t.equal(silent.exitCode, 1, silent.errors)
  t.match(statuses(silent.output), { list: 'ok', 'bucket-notification': 'warning', notifications: 'failed' })

  const relay = await startRelay(app, secrets.EVENTS_TOKEN, [])
  t.teardown(() => { relay.close() })
  if (!await subscribe(app, relay, { path: '/api/v1/objects/events' })) return t.comment('the store has no topics')
  const notified = await commands.run('doctor', ['--json'], environment)
  // Ceph RGW accepts headers that no signature covers.
  t.equal(notified.exitCode, 1, notified.errors)
  t.strictSame(statuses(notified.output), {
    ...allWell,
    'database-sessions': 'ok',
    'database-encryption': 'ok',
    // The role is a superuser.
    'database-role': 'warning',
    lifecycle: 'ok',
    versioning: 'ok',
    'bucket-notification': 'ok',
    cors: 'warning',
    'cors-upload': 'warning',
    'upload-copy': 'failed',
    'upload-acl': 'warning',
  })
  t.match(notified.output, /S3_UPLOAD_ACCESS_KEY/)

  const [own, other] = ['https://files.example.com', 'https://app.example.com']
  const findings = async (origins: string[], more = '', methods = ['GET']) => {
    await allowOrigins(app, origins, methods, more)
    const { output } = await commands.run('doctor', ['--json'], { ...environment, PUBLIC_URL: own, CORS_ORIGINS: other })
    const found: Array<{ check: string, status: string, message: string }> = JSON.parse(output).findings
    return Object.fromEntries(found.map((finding) => [finding.check, finding]))
  }
  t.match(await findings([own]), {
    cors: { status: 'warning', message: /origin https:\/\/app\.example\.com or null;/ },
    'cors-upload': { status: 'warning', message: /^Scripts of https:\/\/files\.example\.com or https:\/\/app\.example\.com may not send/ },
  })
  t.match(await findings([own, other], anyHeader, ['GET', 'PUT']), {
    cors: { status: 'warning', message: /origin null;/ },
    'cors-upload': { status: 'warning', message: /may not read the entity tags/ },
  })
  t.match(await findings(['*'], `${anyHeader}<ExposeHeader>ETag</ExposeHeader>`, ['GET', 'PUT']), {
    cors: { status: 'ok' }, 'cors-upload': { status: 'ok' },
  })
})

/** Lets scripts of these origins use the bucket. */
async function allowOrigins (
  { minio, storeTarget: { bucket, region } }: FastifyInstance, origins: string[], methods: string[], more: string,
): Promise<void> {
  const rules = origins.map((origin) => `<AllowedOrigin>${origin}</AllowedOrigin>`).join('') +
    methods.map((method) => `<AllowedMethod>${method}</AllowedMethod>`).join('') + more
  const document = `<CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><CORSRule>${rules}</CORSRule></CORSConfiguration>`
  const headers = { 'content-md5': createHash('md5').update(document).digest('base64') }
  const answer = await minio.makeRequestAsync({ method: 'PUT', bucketName: bucket, query: 'cors', headers }, document, [200], region)
  answer.resume()
}

t.test('credentials that may only put are found to be well', { skip: !await hasCeph() && 'Ceph RGW is not installed' }, async (t) => {
  const ceph = await startCeph()
  t.teardown(() => ceph.stop())
  const uploads = await ceph.createUploadKeys()
  const environment = {
    S3_ENDPOINT: ceph.endpoint,
    S3_ACCESS_KEY: ceph.accessKey,
    S3_SECRET_KEY: ceph.secretKey,
    S3_UPLOAD_ACCESS_KEY: uploads.accessKey,
    S3_UPLOAD_SECRET_KEY: uploads.secretKey,
    JWT_SECRET: 'a-secret-of-the-token-issuer-and-nobody',
    DATA_DIR: t.testdir(),
  }
  const { output } = await commands.run('doctor', ['--json', '--wait', '1'], environment)
  t.match(statuses(output), {
    upload: 'ok', 'upload-copy': 'ok', 'upload-acl': 'warning', 'upload-type': 'ok', 'upload-size': 'ok',
  })
})

t.test('what cannot be reached, and what is not configured, is said in words that hold no secrets', async (t) => {
  const secret = 'a-secret-that-nobody-may-see'
  const { exitCode, output } = await commands.run('doctor', ['--json'], {
    DATABASE_URL: `postgres://user:${secret}@127.0.0.1:1/none`,
    S3_ENDPOINT: 'http://127.0.0.1:1',
    S3_ACCESS_KEY: 'access',
    S3_SECRET_KEY: secret,
    JWT_SECRET: `${secret}-${secret}`,
  })
  t.equal(exitCode, 1)
  t.match(statuses(output), { tokens: 'ok', 'service-secret': 'warning', 'events-token': 'failed', database: 'failed', bucket: 'failed', credentials: 'skipped' })
  t.notMatch(output, secret)
})

t.test('the keys of an identity provider are fetched', async (t) => {
  const issuer = await startIssuer(t)
  const tokens = async (environment: Record<string, string>) => {
    const { output } = await commands.run('doctor', ['--json'], {
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', S3_ENDPOINT: 'http://127.0.0.1:1', S3_ACCESS_KEY: 'x', S3_SECRET_KEY: 'x', ...environment,
    })
    return statuses(output).tokens
  }
  t.equal(await tokens({ JWT_JWKS_URL: issuer.url }), 'failed', 'there is none')
  issuer.publish(makeKey('ES256', 'one').jwk)
  t.equal(await tokens({ JWT_JWKS_URL: issuer.url, JWT_ISSUER: 'x', JWT_AUDIENCE: 'x' }), 'warning', 'not over https')
})

t.test('a configuration that is not one is a finding', async (t) => {
  const { exitCode, output } = await commands.run('doctor', [], { JWT_PUBLIC_KEY: 'not a key' })
  t.equal(exitCode, 1)
  t.match(output, /FAILED +configuration: JWT_PUBLIC_KEY must be a public key in PEM form/)
})
