import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import t from 'tap'
import { parse } from 'yaml'
import { loadConfig } from '../../../config.js'

const run = promisify(execFile)
const directory = new URL('../../../', import.meta.url)

const ServiceSchema = Type.Object({
  image: Type.Optional(Type.String()),
  environment: Type.Record(Type.String(), Type.String()),
  volumes: Type.Optional(Type.Array(Type.String())),
  depends_on: Type.Optional(Type.Record(Type.String(), Type.Object({ condition: Type.String() }))),
  healthcheck: Type.Optional(Type.Object({ test: Type.Array(Type.String()) })),
  command: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
})
const ComposeSchema = Type.Object({
  name: Type.Literal('objects-storage'),
  services: Type.Intersect([
    Type.Object({ service: ServiceSchema, bucket: ServiceSchema, postgres: ServiceSchema }),
    Type.Record(Type.String(), ServiceSchema),
  ]),
  volumes: Type.Record(Type.String(), Type.Null()),
})

const secrets = {
  POSTGRES_PASSWORD: 'password0of0the0database',
  S3_ACCESS_KEY: 'access',
  S3_SECRET_KEY: 'secret-of-the-store',
  JWT_SECRET: 'a-secret-for-tokens-that-is-long-enough',
  EVENTS_TOKEN: 'a-token-for-events-that-is-long-enough',
}
/** The settings of a store that runs elsewhere. */
const elsewhere = { S3_ENDPOINT: 'https://rgw.example.com', EVENTS_URL: 'https://files.example.com/api/v1/objects/events' }

/** Interpolates a value like Compose: `${NAME:-default}`, `${NAME:?message}`, and `$$` for a single `$`. */
function interpolate (value: string, variables: Record<string, string>): string {
  return value.replace(/\$\$|\$\{(\w+):([-?])([^}]*)\}/g, (whole, name: string, operator: string, rest: string) => {
    if (whole === '$$') return '$'
    const given = variables[name]
    if (given !== undefined && given !== '') return given
    if (operator === '-') return rest
    throw new Error(`${name}: ${rest}`)
  })
}

function environmentOf ({ environment }: Static<typeof ServiceSchema>): Record<string, string> {
  const given = { ...secrets, ...elsewhere }
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, interpolate(value, given)]))
}

const files = ['docker-compose.yml', 'deploy/compose.minio.yml', 'deploy/compose.rgw.yml'] as const
const read = async (file: typeof files[number]) => {
  const text = await readFile(new URL(file, directory), 'utf8')
  return { text, compose: Value.Parse(ComposeSchema, parse(text)) }
}

for (const file of files) {
  t.test(file, async (t) => {
    const { text, compose } = await read(file)

    t.test('the service and what prepares its bucket accept the environment that Compose gives them, as production', async (t) => {
      const config = loadConfig(environmentOf(compose.services.service))
      t.equal(config.NODE_ENV, 'production')
      t.equal(config.S3_SECRET_KEY, secrets.S3_SECRET_KEY)
      t.equal(config.DATABASE_URL, `postgres://objects:${secrets.POSTGRES_PASSWORD}@postgres:5432/objects`)
      // As commands/command.ts sets it.
      const given = { ...environmentOf(compose.services.bucket), DATABASE_URL: 'postgres://127.0.0.1/unused' }
      const ofBucket = loadConfig(given, { verifiesTokens: false })
      for (const name of ['S3_ENDPOINT', 'S3_BUCKET', 'S3_ACCESS_KEY', 'S3_SECRET_KEY'] as const) t.equal(ofBucket[name], config[name], name)
      t.equal(compose.services.bucket.command?.[1], 'dist/commands/prepare-bucket.js')
    })

    t.test('every secret must be given: none has a default', async (t) => {
      for (const name of Object.keys(secrets)) {
        const uses = [...text.matchAll(new RegExp(`\\$\\{${name}([^}]*)\\}`, 'g'))]
        t.ok(uses.length > 0, `${name} is used`)
        for (const [use, rule] of uses) t.match(rule, /^:\?./, use)
      }
      t.notMatch(text, /(?<!\$)\$[A-Za-z]/, 'every variable is in braces, or escaped for a shell')
    })

    t.test('what is waited for has a health check or ends by itself, every volume is declared, and every image has a version', async (t) => {
      const services = new Map(Object.entries(compose.services))
      for (const [name, { depends_on: needed = {}, volumes = [], image = 'built:here' }] of services) {
        for (const [other, { condition }] of Object.entries(needed)) {
          t.ok(services.has(other), `${name} waits for ${other}`)
          if (condition === 'service_healthy') t.ok(services.get(other)?.healthcheck, `${other} has a health check`)
          else t.equal(condition, 'service_completed_successfully')
        }
        for (const volume of volumes) t.ok(Object.hasOwn(compose.volumes, volume.split(':')[0] ?? ''), volume)
        t.match(image, /:(?!latest)[\w.-]+$/)
      }
    })
  })
}

for (const { file, store, prefix, suffix, arn, token } of [
  {
    file: 'docker-compose.yml', store: 'rustfs', prefix: 'RUSTFS', suffix: 'OBJECTS', arn: 'arn:rustfs:sqs:us-east-1:objects:webhook', token: '',
  },
  {
    file: 'deploy/compose.minio.yml', store: 'minio', prefix: 'MINIO', suffix: 'objects', arn: 'arn:minio:sqs::objects:webhook', token: 'Bearer ',
  },
] as const) {
  t.test(`${store} posts its events to the service with the token that it expects, and queues them meanwhile`, async (t) => {
    const { compose } = await read(file)
    const service = compose.services[store]
    const settings = environmentOf(service ?? { environment: {} })
    const ofWebhook = (name: string) => settings[`${prefix}_NOTIFY_WEBHOOK_${name}_${suffix}`]
    const { PORT, EVENTS_TOKEN } = environmentOf(compose.services.service)
    t.equal(ofWebhook('ENABLE'), 'on')
    t.equal(ofWebhook('ENDPOINT'), `http://service:${PORT}/api/v1/objects/events`)
    t.equal(ofWebhook('AUTH_TOKEN'), `${token}${EVENTS_TOKEN}`)
    const queue = ofWebhook('QUEUE_DIR') ?? ''
    t.ok(service?.volumes?.some((volume) => queue.startsWith(volume.split(':')[1] ?? '?')), 'the queue outlives the container')
    t.ok(compose.services.bucket.command?.includes(arn))
  })
}

t.test('data of MinIO is found by the names that it was kept under', async (t) => {
  const { compose } = await read('deploy/compose.minio.yml')
  t.strictSame(Object.keys(compose.volumes), ['minio-data', 'minio-events', 'postgres-data'])
  t.match(compose.services.minio?.volumes, ['minio-data:/data', 'minio-events:/events'])
})

const hasCompose = await run('docker', ['compose', 'version']).then(() => true, () => false)
t.test('docker compose accepts the files', { skip: hasCompose ? false : 'there is no docker compose here' }, async (t) => {
  const environment = { PATH: process.env.PATH, HOME: process.env.HOME }
  for (const file of files) {
    const options = ['compose', '--project-directory', '.', '-f', file, 'config', '--quiet']
    await t.resolves(run('docker', options, { cwd: directory, env: { ...environment, ...secrets, ...elsewhere } }))
    await t.rejects(run('docker', options, { cwd: directory, env: environment }))
  }
})
