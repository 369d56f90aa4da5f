import { once } from 'node:events'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { mintObjectKey } from '../../../../../../objects/object-key.js'
import { bucketRecord } from '../../../../../support/bucket-records.js'
import { listenLocally } from '../../../../../support/listen.js'
import { sendRaw } from '../../../../../support/raw-request.js'
import { member, runId, startService, workflowId } from '../../../../../support/service.js'

const token = 'a-token/of the+object%store-with-signs'
const path = '/api/v1/objects/events/t'
const mint = (name: string) =>
  mintObjectKey({ orgKey: 'acme', workflowId, runId, createdBy: member.userId, direction: 'outputs', path: name })

t.test('the token in the path is taken where that is configured, and nothing else', async (t) => {
  const { app, authorise } = await startService(t, { EVENTS_TOKEN: token, EVENTS_PATH_TOKEN: 'true' })
  const post = (sent: string, payload: unknown = { Records: [] }, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url: `${path}/${sent}`, headers, payload: typeof payload === 'string' ? payload : JSON.stringify(payload) })
  const encoded = encodeURIComponent(token)
  const record = bucketRecord(mint('counted.txt'), { bucket: 'objects', sizeBytes: 7 })
  const counted = await post(encoded, { Records: [record] })
  t.equal(counted.statusCode, 200)
  t.strictSame(counted.json(), { applied: 1, setAside: 0, ignored: 0 })
  t.match((await app.inject({ url: '/api/v1/objects/storage-usage', headers: authorise(member) })).json(), { totalBytes: 7, fileCount: 1 })
  t.equal((await post(`${encoded}/`)).statusCode, 200, 'with a slash after it')
  t.strictSame((await post(encoded, { Event: 's3:TestEvent' })).json(), { applied: 0, setAside: 0, ignored: 0 })
  t.match((await post(encoded, 'no notification')).json(), { statusCode: 422, code: 'EVENTS_NOT_UNDERSTOOD' })

  for (const wrong of [`${encoded}x`, encoded.slice(0, -1), encodeURIComponent(encoded), encoded.toUpperCase(), '%20', `${encoded}%00`, 'undefined']) {
    t.match((await post(wrong, { Records: [record] })).json(), { statusCode: 401, code: 'TOKEN_INVALID' }, wrong)
    t.match((await post(wrong, { Records: [record] }, { authorization: `Bearer ${token}` })).json(), { statusCode: 401 }, 'no header stands in for it')
  }
  for (const wrong of ['', `${encoded}/x`, 'a-token/of']) t.match((await post(wrong)).json(), { statusCode: 404, code: 'ROUTE_NOT_FOUND' }, wrong)
  t.match((await app.inject({ method: 'POST', url: '/api/v1/objects/events', payload: { Records: [] } })).json(), { statusCode: 401, code: 'TOKEN_REQUIRED' })
})

t.test('without EVENTS_PATH_TOKEN there is no such route', async (t) => {
  const { app } = await startService(t, { EVENTS_TOKEN: token })
  for (const sent of [encodeURIComponent(token), 'wrong']) {
    const answer = await app.inject({ method: 'POST', url: `${path}/${sent}`, payload: { Records: [] } })
    t.match(answer.json(), { statusCode: 404, code: 'ROUTE_NOT_FOUND' })
  }
})

t.test('wrong tokens are limited by address, and the right one passes at any time', async (t) => {
  const { app } = await startService(t, { EVENTS_TOKEN: token, EVENTS_PATH_TOKEN: 'true', AUTH_FAILURE_LIMIT: '5' })
  const post = async (sent: string) => (await app.inject({ method: 'POST', url: `${path}/${sent}`, payload: { Records: [] } })).statusCode
  const answers = await Promise.all(Array.from({ length: 20 }, async (_value, index) => await post(`wrong-${index}`)))
  t.equal(answers.filter((status) => status === 401).length, 5)
  t.equal(answers.filter((status) => status === 429).length, 15)
  t.equal(await post(encodeURIComponent(token)), 200)
})

t.test('neither log nor answer, metric or trace shows the token, whatever becomes of the request', async (t) => {
  const secret = 'path-token-that-nobody-may-see'
  const received: string[] = []
  const receiver = createServer((request, response) => {
    text(request).then((body) => {
      received.push(body)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    }, () => {})
  })
  const { app, log } = await startService(t, {
    EVENTS_TOKEN: secret,
    EVENTS_PATH_TOKEN: 'true',
    CORS_ORIGINS: 'https://app.example.com',
    OTEL_EXPORTER_OTLP_ENDPOINT: await listenLocally(t, receiver),
  })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const body = JSON.stringify({ Records: [bucketRecord(mint('a.txt'), { bucket: 'objects' })] })
  const paths = [
    secret, `${secret}/`, `${secret}//`, `${secret}/x`, `${secret}?x=1`, `${secret}?x=%zz`, `${secret}?%ff`, `${secret}%zz`, `${secret}%`, `${secret}%ff`, `${secret}x`, `x${secret}`,
    `%70${secret.slice(1)}`, `../t/${secret}`, `${secret};x`, `${secret}#x`, `${secret}${'x'.repeat(20_000)}`, `${secret} x`, `${secret}\0`, `/${secret}`,
  ]
  const answers: string[] = []
  const bodies = [body, '', 'no JSON', JSON.stringify({ unknown: secret }), 'x'.repeat(1024 * 1024 + 1)]
  for (const sent of paths) {
    for (const payload of sent === secret ? bodies : [body]) {
      answers.push(await sendRaw(origin, [`POST ${path}/${sent} HTTP/1.1`, `Content-Length: ${payload.length}`, '', payload]))
    }
  }
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PURGE']) {
    answers.push(await sendRaw(origin, [`${method} ${path}/${secret} HTTP/1.1`, 'Origin: https://app.example.com', 'Access-Control-Request-Method: POST']))
  }
  for (const headers of [['Host: '], ['Content-Length: x'], ['Transfer-Encoding: chunked', '', 'zz'], ['Expect: other'], [`Referer: http://x${path}/${secret}`], ['Content-Length: 4', '', 'ab']]) {
    if (headers.includes('ab')) continue
    answers.push(await sendRaw(origin, [`POST ${path}/${secret} HTTP/1.1`, ...headers]))
  }
  await app.database.destroy()
  answers.push(await sendRaw(origin, [`POST ${path}/${secret} HTTP/1.1`, `Content-Length: ${body.length}`, '', body]))
  answers.push((await app.inject('/metrics')).body)
  await app.close()
  if (receiver.listening && received.length === 0) await once(receiver, 'request')

  const statuses = new Set(answers.map((answer) => answer.split(' ')[1]))
  for (const status of ['200', '400', '401', '404', '413', '422', '431', '503']) t.ok(statuses.has(status), `${status} was answered, among ${[...statuses].join()}`)
  for (const [what, heard] of Object.entries({ log, answers, traces: received })) {
    t.ok(heard.length > 0, what)
    for (const spelling of [secret, secret.slice(0, 12), 'nobody-may-see', Buffer.from(secret).toString('base64').slice(0, 24)]) {
      t.strictSame(heard.filter((line) => line.includes(spelling)), [], `${what}: ${spelling}`)
    }
  }
  t.ok(received.some((line) => line.includes('/api/v1/objects/events/t/:token')), 'requests were traced, by the route')
  t.ok(log.some((line) => line.includes('"status":401') || line.includes('"statusCode":401') || line.includes('notification of unknown form')), 'and logged')
})
