import { once } from 'node:events'
import { type Server, createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import t, { type Test } from 'tap'
import { member, startService } from '../../support/service.js'

const ExportSchema = Type.Object({
  resourceSpans: Type.Array(Type.Object({
    resource: Type.Object({ attributes: Type.Array(Type.Object({ key: Type.String(), value: Type.Unknown() })) }),
    scopeSpans: Type.Array(Type.Object({
      spans: Type.Array(Type.Object({
        name: Type.String(),
        traceId: Type.String(),
        spanId: Type.String(),
        parentSpanId: Type.Optional(Type.String()),
        attributes: Type.Array(Type.Object({ key: Type.String(), value: Type.Unknown() })),
      })),
    })),
  })),
})

/** Receives what is sent as OTLP over HTTP. */
async function startReceiver (t: Test) {
  const received: string[] = []
  const server: Server = createServer((request, response) => {
    text(request).then((body) => {
      received.push(`${request.url} ${JSON.stringify(request.headers)}`, body)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    }, () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The receiver does not listen on a port.')
  const spans = () => received.filter((_part, index) => index % 2 === 1)
    .flatMap((body) => Value.Parse(ExportSchema, JSON.parse(body)).resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans).flatMap((scope) => scope.spans)
  return { received, spans, endpoint: `http://127.0.0.1:${address.port}` }
}

t.test('requests are traced by their routes, within their callers\' traces, without revealing what was asked for', async (t) => {
  const { endpoint, received, spans } = await startReceiver(t)
  const { app, putFile, downloadPath, authorise } = await startService(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: 'files-of-acme', DOWNLOAD_URL_TTL: '10',
  })
  const objectKey = await putFile('hello', { fileName: 'hidden-name.txt' })
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const headers = {
    traceparent: `00-${traceId}-b7ad6b7169203331-01`, tracestate: 'vendor=hidden-state', cookie: 'hidden-cookie', 'user-agent': 'hidden-agent',
  }
  const redirect = await app.inject({ url: downloadPath(objectKey), headers })
  t.equal(redirect.statusCode, 302)
  await app.inject({ url: downloadPath(objectKey.replace('hidden-name', 'hidden-other')), headers })
  await app.inject({ url: downloadPath(objectKey).replace('objectKey=', 'objectKey=%zz'), headers })
  await app.inject({ url: `${downloadPath(objectKey)}&hidden-parameter=1`, headers })
  await app.inject({ url: '/hidden-path', headers })
  await app.inject({ url: '/health/live', headers })
  const token = authorise(member)
  await app.inject({ url: '/api/v1/objects/storage-usage', headers: { ...headers, ...token } })
  await app.inject({
    method: 'DELETE', url: `/api/v1/objects?objectKey=${encodeURIComponent(objectKey)}`, headers: { ...headers, ...token },
  })
  await app.objectStorage.close()
  t.equal((await app.inject({ url: downloadPath(objectKey.replace('hidden-name', 'hidden-third')), headers })).statusCode >= 500, true)
  await app.close()

  const names = new Set(spans().map(({ name }) => name))
  for (const name of ['GET /api/v1/objects/download', 'GET /api/v1/objects/storage-usage', 'DELETE /api/v1/objects', 'GET']) {
    t.ok(names.has(name), name)
  }
  t.notOk([...names].some((name) => name.includes('health')))
  for (const [call, route] of [
    ['object storage HEAD', 'GET /api/v1/objects/download'], ['database statement', 'GET /api/v1/objects/storage-usage'],
  ]) {
    const requests = new Set(spans().filter(({ name }) => name === route).map(({ spanId }) => spanId))
    const handlers = new Set(spans().filter(({ parentSpanId = '' }) => requests.has(parentSpanId)).map(({ spanId }) => spanId))
    t.ok(spans().some(({ name, parentSpanId = '' }) => name === call && handlers.has(parentSpanId)), `${call} is within ${route}`)
  }
  t.same(new Set(spans().map((span) => span.traceId)), new Set([traceId]))
  t.ok(spans().some(({ parentSpanId }) => parentSpanId === 'b7ad6b7169203331'))
  const attributes = new Set(spans().flatMap((span) => span.attributes.map(({ key }) => key)))
  t.same([...attributes].toSorted(), [
    'fastify.root', 'fastify.type', 'hook.name', 'http.request.method', 'http.response.status_code', 'http.route',
  ])
  const everything = received.join('\n')
  t.match(everything, 'files-of-acme')
  t.match(everything, '/v1/traces')
  const [, token64 = ''] = token.authorization.split(' ')
  const parts = objectKey.split('/').filter((part) => part.length > 16)
  for (const secret of ['hidden-', 'X-Amz', 'objectKey', 'zz', token64, member.userId, app.storeTarget.credentials.current.secretKey, ...parts]) {
    t.notOk(everything.includes(secret), secret)
  }
})

t.test('a receiver that is away does no harm', async (t) => {
  const { app, log, putFile, downloadPath } = await startService(t, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' })
  const path = downloadPath(await putFile('hello'))
  for (let request = 0; request < 10; request++) t.equal((await app.inject(path)).statusCode, 302)
  await app.close()
  t.equal(log.filter((line) => line.includes('traces cannot be sent')).length, 1)
})

t.test('without a receiver nothing is traced', async (t) => {
  const { app } = await startService(t)
  t.notOk(app.hasRequestDecorator('opentelemetry'))
})
