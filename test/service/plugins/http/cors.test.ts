import t from 'tap'
import { startService } from '../../../support/service.js'

const noDatabase = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }
const origin = 'https://app.example.com'
const preflight = { method: 'OPTIONS', url: '/api/v1/objects/uploads' } as const
const preflightHeaders = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' }

t.test('without CORS_ORIGINS no page of another origin is allowed', async (t) => {
  const { app, putFile, downloadPath } = await startService(t, noDatabase)
  const download = await app.inject({ url: downloadPath(await putFile('x')), headers: { origin } })
  t.equal(download.statusCode, 302)
  for (const { headers } of [download, await app.inject({ ...preflight, headers: { origin, ...preflightHeaders } })]) {
    t.notOk(Object.keys(headers).some((name) => name.startsWith('access-control-')))
  }
})

t.test('pages of the origins listed', async (t) => {
  const { app, putFile, downloadPath } = await startService(t, { ...noDatabase, CORS_ORIGINS: `https://other.example.com, ${origin}` })
  const path = downloadPath(await putFile('x'))

  t.test('may send what the API takes', async (t) => {
    const { statusCode, headers } = await app.inject({ ...preflight, headers: { origin, ...preflightHeaders } })
    t.equal(statusCode, 204)
    t.match(headers, { 'access-control-allow-origin': origin, 'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE' })
    t.equal(headers['access-control-allow-headers'], 'authorization,content-type')
    t.equal(headers['access-control-allow-credentials'], undefined)
  })

  t.test('may send whatever header their libraries add', async (t) => {
    const names = [
      'authorization', 'content-type', 'range', 'if-match', 'x-request-id', 'traceparent', 'tracestate', 'baggage', 'sentry-trace',
      'x-requested-with', 'cache-control', 'pragma', 'b3', 'x-b3-traceid', 'newrelic', 'x-datadog-trace-id', 'x-datadog-origin', 'request-id',
      'x-amzn-trace-id', 'uber-trace-id', 'elastic-apm-traceparent', 'x-something-new',
    ]
    for (const name of names) {
      const { statusCode, headers } = await app.inject({
        ...preflight, headers: { origin, ...preflightHeaders, 'access-control-request-headers': name },
      })
      t.equal(statusCode, 204)
      t.equal(headers['access-control-allow-headers'], name)
      t.match(headers.vary, /access-control-request-headers/i)
    }
  })

  t.test('may read answers and errors, and the headers that say something', async (t) => {
    for (const url of [path, `${path}x`, '/api/v1/objects/storage-usage']) {
      const { headers } = await app.inject({ url, headers: { origin } })
      t.equal(headers['access-control-allow-origin'], origin)
      for (const name of ['content-range', 'content-disposition', 'etag', 'location', 'retry-after', 'x-request-id']) {
        t.match(headers['access-control-expose-headers'], name)
      }
    }
  })

  t.test('share no cached answer with others', async (t) => {
    t.match((await app.inject({ url: path, headers: { origin } })).headers.vary, /accept.*origin/i)
    t.match((await app.inject({ url: path })).headers.vary, /accept.*origin/i)
  })

  t.test('are the only ones', async (t) => {
    for (const other of ['https://evil.example.com', `${origin}.evil.com`, 'http://app.example.com', 'null']) {
      t.equal((await app.inject({ url: path, headers: { origin: other } })).headers['access-control-allow-origin'], undefined, other)
    }
  })
})

t.test('* lets every page in', async (t) => {
  const { app, downloadPath } = await startService(t, { ...noDatabase, CORS_ORIGINS: '*' })
  t.equal((await app.inject({ url: downloadPath('x'), headers: { origin } })).headers['access-control-allow-origin'], '*')
})
