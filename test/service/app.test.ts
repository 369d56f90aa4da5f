import { once } from 'node:events'
import { STATUS_CODES } from 'node:http'
import { connect } from 'node:net'
import t from 'tap'
import { serverOptions } from '../../app.js'
import { admin, startService } from '../support/service.js'

t.test('the service', async (t) => {
  const { app, authorise } = await startService(t)

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

  t.test('a path parameter of any length is judged by its schema', async (t) => {
    const { authorization } = authorise(admin)
    for (const length of [37, 101, 15_000]) {
      const url = `/api/v1/objects/workflows/${'a'.repeat(length)}`
      const answer = await app.inject({ method: 'PUT', url, headers: { authorization }, payload: { name: 'x' } })
      t.equal(answer.statusCode, 400)
      t.equal(answer.json().code, 'INVALID_REQUEST')
    }
  })

  t.test('behind a socket', async (t) => {
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = new URL(app.listeningOrigin)
    /** Sends bytes, and reads until the service closes the connection. */
    const exchange = async (text: string) => {
      const socket = connect(Number(port), '127.0.0.1')
      let answer = ''
      socket.setEncoding('latin1').on('data', (data) => { answer += data })
      socket.write(text, 'latin1')
      await once(socket, 'close')
      const [head = '', body = ''] = answer.split('\r\n\r\n')
      return { head, body }
    }

    for (const [what, status, code, text] of [
      ['what is no HTTP', 400, 'INVALID_REQUEST', 'NONSENSE\r\n\r\n'],
      ['a URL of raw bytes', 400, 'INVALID_REQUEST', 'GET /health/live?\xff HTTP/1.1\r\nHost: a\r\n\r\n'],
      ['a header of 16 KiB', 431, 'HEADERS_TOO_LARGE', `GET /health/live HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(16_384)}\r\n\r\n`],
    ] as const) {
      t.test(`${what} is answered with ${status} in the one error shape, and ends the connection`, async (t) => {
        const { head, body } = await exchange(text)
        t.match(head, new RegExp(`^HTTP/1\\.1 ${status} `))
        t.match(head, /^content-type: application\/json; charset=utf-8\r$/m)
        t.match(head, /^connection: close/m)
        t.match(JSON.parse(body), { statusCode: status, code, error: STATUS_CODES[status], message: String })
      })
    }

    t.test('no body is sent in answer to a HEAD that is not HTTP', async (t) => {
      const { head, body } = await exchange('HEAD /health/live?\xff HTTP/1.1\r\nHost: a\r\n\r\n')
      t.match(head, /^HTTP\/1\.1 400 /)
      t.equal(body, '')
    })

    t.test('a path out of the folder of Swagger UI is not a route', async (t) => {
      const { head, body } = await exchange('GET /documentation/static//.. HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      t.match(head, /^HTTP\/1\.1 404 /)
      t.match(JSON.parse(body), { code: 'ROUTE_NOT_FOUND' })
    })

    for (const [what, message, headers] of [
      ['no Host header', 'There is no Host header.', ''],
      ['two Host headers', 'There are several Host headers.', 'Host: a\r\nhost: b\r\n'],
      ['the same Host header twice', 'There are several Host headers.', 'Host: a\r\nHost: a\r\n'],
      ['a Host header that names no host', 'The Host header names no host.', 'Host: a b\r\n'],
    ] as const) {
      t.test(`a request with ${what} is told so`, async (t) => {
        for (const path of ['/health/live', '/api/v1/objects/download?objectKey=x', '/nowhere']) {
          const { head, body } = await exchange(`GET ${path} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`)
          t.match(head, /^HTTP\/1\.1 400 /)
          t.match(head, /^x-request-id: /m)
          t.strictSame(JSON.parse(body), { statusCode: 400, code: 'INVALID_REQUEST', error: 'Bad Request', message })
        }
      })
    }

    t.test('HTTP/1.0 has no Host header', async (t) => {
      const { head } = await exchange('GET /health/live HTTP/1.0\r\n\r\n')
      t.match(head, /^HTTP\/1\.[01] 200 /)
    })

    t.test('what does not arrive in time is answered 408, within the minute that is documented', async (t) => {
      const { requestTimeout, headersTimeout, connectionsCheckingInterval } = serverOptions.http
      t.ok(Math.max(requestTimeout, headersTimeout) + connectionsCheckingInterval <= 60_000)
      t.match(app.server, { requestTimeout, headersTimeout })
      app.server.requestTimeout = 1
      app.server.headersTimeout = 1
      t.teardown(() => { Object.assign(app.server, { requestTimeout, headersTimeout }) })
      const unendedBody = 'POST /api/v1/objects/links HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{'
      for (const text of ['GET /health/live HTTP/1.1\r\nHost: a\r\n', unendedBody]) {
        const { head, body } = await exchange(text)
        t.match(head, /^HTTP\/1\.1 408 /)
        t.match(JSON.parse(body), { statusCode: 408, code: 'REQUEST_TIMEOUT' })
      }
    })

    t.test('an expectation that nobody knows is ignored', async (t) => {
      const { head } = await exchange('GET /health/live HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nConnection: close\r\n\r\n')
      t.match(head, /^HTTP\/1\.1 200 /)
    })
  })
})
