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
  environment: Type.Record(Type.String(), Type.String()),
  volumes: Type.Optional(Type.Array(Type.String())),
  depends_on: Type.Optional(Type.Record(Type.String(), Type.Object({ condition: Type.String() }))),
  healthcheck: Type.Optional(Type.Object({ test: Type.Array(Type.String()) })),
  command: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])),
})
const ComposeSchema = Type.Object({
  services: Type.Object({ service: ServiceSchema, minio: ServiceSchema, bucket: ServiceSchema, postgres: ServiceSchema }),
  volumes: Type.Record(Type.String(), Type.Null()),
})

const secrets = {
  POSTGRES_PASSWORD: 'password0of0the0database',
  S3_ACCESS_KEY: 'access',
  S3_SECRET_KEY: 'secret-of-the-store',
  JWT_SECRET: 'a-secret-for-tokens-that-is-long-enough',
  EVENTS_TOKEN: 'a-token-for-events-that-is-long-enough',
}

const text = await readFile(new URL('docker-compose.yml', directory), 'utf8')
const compose = Value.Parse(ComposeSchema, parse(text))

/** What Compose makes of a value: `${NAME:-default}`, `${NAME:?message}`, and `$$` for one `$`. */
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
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, interpolate(value, secrets)]))
}

t.test('the service accepts the environment that Compose gives it, as production', async (t) => {
  const config = loadConfig(environmentOf(compose.services.service))
  t.equal(config.NODE_ENV, 'production')
  t.equal(config.S3_SECRET_KEY, secrets.S3_SECRET_KEY)
  t.equal(config.DATABASE_URL, `postgres://objects:${secrets.POSTGRES_PASSWORD}@postgres:5432/objects`)
})

t.test('every secret must be given: none has a default', async (t) => {
  for (const name of Object.keys(secrets)) {
    const uses = [...text.matchAll(new RegExp(`\\$\\{${name}([^}]*)\\}`, 'g'))]
    t.ok(uses.length > 0, `${name} is used`)
    for (const [use, rule] of uses) t.match(rule, /^:\?./, use)
  }
  t.notMatch(text, /(?<!\$)\$[A-Za-z]/, 'every variable is in braces, or escaped for a shell')
})

t.test('MinIO posts its events to the service with the token that it expects, and queues them meanwhile', async (t) => {
  const minio = environmentOf(compose.services.minio)
  const { PORT, EVENTS_TOKEN } = environmentOf(compose.services.service)
  t.equal(minio.MINIO_NOTIFY_WEBHOOK_ENDPOINT_objects, `http://service:${PORT}/api/v1/objects/events`)
  t.equal(minio.MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_objects, `Bearer ${EVENTS_TOKEN}`)
  const queue = minio.MINIO_NOTIFY_WEBHOOK_QUEUE_DIR_objects ?? ''
  t.ok(compose.services.minio.volumes?.some((volume) => volume.endsWith(`:${queue}`)), 'the queue outlives the container')
  t.match(String(compose.services.bucket.command), 'arn:minio:sqs::objects:webhook')
})

t.test('what is waited for has a health check or ends by itself, and every volume is declared', async (t) => {
  const services = new Map(Object.entries(compose.services))
  for (const [name, { depends_on: needed = {}, volumes = [] }] of services) {
    for (const [other, { condition }] of Object.entries(needed)) {
      t.ok(services.has(other), `${name} waits for ${other}`)
      if (condition === 'service_healthy') t.ok(services.get(other)?.healthcheck, `${other} has a health check`)
      else t.equal(condition, 'service_completed_successfully')
    }
    for (const volume of volumes) t.ok(Object.hasOwn(compose.volumes, volume.split(':')[0] ?? ''), volume)
  }
})

const hasCompose = await run('docker', ['compose', 'version']).then(() => true, () => false)
t.test('docker compose accepts the file', { skip: hasCompose ? false : 'there is no docker compose here' }, async (t) => {
  const environment = { PATH: process.env.PATH, HOME: process.env.HOME }
  await t.resolves(run('docker', ['compose', 'config', '--quiet'], { cwd: directory, env: { ...environment, ...secrets } }))
  await t.rejects(run('docker', ['compose', 'config', '--quiet'], { cwd: directory, env: environment }))
})
