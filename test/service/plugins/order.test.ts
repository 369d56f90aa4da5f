import t from 'tap'
import { build } from '../../../app.js'
import { loadConfig } from '../../../config.js'
import { mintObjectKey } from '../../../objects/object-key.js'
import { member, runId, startService, workflowId } from '../../support/service.js'

const origin = 'https://app.example.com'
const settings = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', CORS_ORIGINS: origin }

t.test('hooks on a request run in the order that plugins/order.ts states', async (t) => {
  const app = build(loadConfig({
    ...settings, JWT_SECRET: 'x'.repeat(32), DATA_DIR: t.testdir(), LOG_LEVEL: 'silent', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
  }))
  t.teardown(async () => { await app.close() })
  const addHook = app.addHook
  const added: unknown[] = []
  // Plugins that share the instance add their hooks here; those in their own scope, which concern few routes, do not.
  Object.defineProperty(app, 'addHook', {
    value (this: unknown, ...args: unknown[]) {
      if (this === app && args[0] === 'onRequest') added.push(app.pluginName.split(' -> ').at(-1))
      return Reflect.apply(addHook, this, args)
    },
  })
  await app.ready()
  t.strictSame(added, ['@fastify/otel', 'request-ids', '@fastify/cors', 'strict-host', 'strict-query', '@fastify/under-pressure'])
})

t.test('every answer has the request\'s id, and a page of another origin may read it', async (t) => {
  const { app, authorise, downloadPath } = await startService(t, { ...settings, DOWNLOAD_MISS_LIMIT: '1' })
  // The other requests go to a service that is never too busy, however busy the machine is.
  const { app: busy } = await startService(t, { ...settings, MAX_EVENT_LOOP_DELAY: '0.02' })
  const id = 'a-request-of-mine'
  const headers = { origin, 'x-request-id': id }
  const usage = '/api/v1/objects/storage-usage'
  const missing = mintObjectKey({
    orgKey: member.orgKey, workflowId, runId, createdBy: member.userId, direction: 'outputs', path: 'a.txt',
  })
  const untilOverloaded = async () => {
    for (;;) {
      const answer = await busy.inject({ url: usage, headers })
      if (answer.statusCode === 503) return answer
      for (const endMs = performance.now() + 100; performance.now() < endMs;);
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  for (const [what, status, request] of [
    ['of a query that cannot be decoded', 400, async () => await app.inject({ url: `${usage}?createdBy=%zz`, headers })],
    ['of no route', 404, async () => await app.inject({ url: '/nowhere', headers })],
    ['without a token', 401, async () => await app.inject({ url: usage, headers })],
    ['of another role', 403, async () => await app.inject({
      method: 'PUT', url: '/api/v1/objects/quota', headers: { ...headers, ...authorise(member) },
    })],
    ['beyond a limit', 429, async () => {
      await app.inject(downloadPath(missing))
      return await app.inject({ url: downloadPath(missing), headers })
    }],
    ['that asks what a page may send', 204, async () => await app.inject({
      method: 'OPTIONS', url: usage, headers: { ...headers, 'access-control-request-method': 'GET' },
    })],
    ['under too much load', 503, untilOverloaded],
  ] as const) {
    t.test(`${status}, to a request ${what}`, async (t) => {
      const answer = await request()
      t.equal(answer.statusCode, status)
      t.equal(answer.headers['x-request-id'], id)
      t.equal(answer.headers['access-control-allow-origin'], origin)
      if (status === 503) t.equal(answer.json().code, 'OVERLOADED')
    })
  }

  t.test('400, to a path that cannot be decoded, has the id; no hook runs for it', async (t) => {
    const answer = await app.inject({ url: '/api/%zz', headers })
    t.equal(answer.statusCode, 400)
    t.equal(answer.headers['x-request-id'], id)
  })
})
