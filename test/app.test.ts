import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { startService } from './service.js'

t.test('the service', async (t) => {
  const { app } = await startService(t)

  t.test('an unknown route is answered in the one error shape, without repeating it', async (t) => {
    const answer = await app.inject('/api/v1/objects/secret-in-the-path')
    t.equal(answer.statusCode, 404)
    t.strictSame(answer.json(), {
      statusCode: 404, code: 'ROUTE_NOT_FOUND', error: 'Not Found', message: 'There is no such route.',
    })
  })

  t.test('a path that is not percent-encoded UTF-8 is answered with 400', async (t) => {
    for (const path of ['/api/%zz', '/api/%ff', '/api/v1/objects/workflows/%']) {
      const answer = await app.inject({ method: 'PUT', url: path })
      t.equal(answer.statusCode, 400)
      t.equal(answer.json().code, 'INVALID_REQUEST')
    }
  })

  t.test('error answers are neither kept nor indexed nor handed on', async (t) => {
    const { headers } = await app.inject('/nowhere')
    t.match(headers, {
      'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-robots-tag': 'noindex',
    })
  })

  t.test('no answer sets a cookie', async (t) => {
    for (const path of ['/nowhere', '/health/live', '/documentation/', '/metrics', '/api/v1/objects/download?objectKey=x']) {
      t.equal((await app.inject(path)).headers['set-cookie'], undefined)
    }
  })

  t.test('it says that it runs', async (t) => {
    t.strictSame((await app.inject('/health/live')).json(), { status: 'ok' })
  })

  t.test('Swagger UI shows a document that names every operation', async (t) => {
    t.equal((await app.inject('/documentation/')).statusCode, 200)
    const { paths } = (await app.inject('/documentation/json')).json()
    t.match(paths, {
      '/api/v1/objects/download': { get: { security: [] }, head: { security: [] } },
      '/api/v1/objects/storage-usage': { get: { security: [{ bearerAuth: [] }] } },
      '/api/v1/objects/uploads': { post: {} },
      '/api/v1/objects/workflows/{workflowId}': { put: {} },
      '/api/v1/objects/events': { post: {} },
      '/api/v1/objects': { delete: {} },
    })
  })

  t.test('what is no HTTP is answered with 400 and ends the connection', async (t) => {
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = new URL(app.listeningOrigin)
    const socket = connect(Number(port), '127.0.0.1')
    let answer = ''
    socket.setEncoding('utf8').on('data', (data) => { answer += data })
    socket.write('NONSENSE\r\n\r\n')
    await once(socket, 'close')
    t.match(answer, /^HTTP\/1\.1 400 /)
  })
})
