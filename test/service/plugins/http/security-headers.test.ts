import t from 'tap'
import { member, startService } from '../../../support/service.js'

t.test('security headers', async (t) => {
  const { app, authorise, putFile, downloadPath } = await startService(t, {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', PUBLIC_URL: 'https://files.example.com',
  })

  t.test('JSON of the API, errors too, is for programs alone', async (t) => {
    for (const headers of [authorise(member), {}]) {
      t.match((await app.inject({ url: '/api/v1/objects/storage-usage', headers })).headers, {
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': 'max-age=31536000',
      })
    }
  })

  t.test('Swagger UI runs its own scripts only, and in no frame', async (t) => {
    const { headers } = await app.inject('/documentation/')
    t.match(headers['content-security-policy'], /default-src 'none';.*script-src 'self';.*frame-ancestors 'none'/)
    t.match(headers, { 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'strict-transport-security': 'max-age=31536000' })
  })

  t.test('a redirect has only what its own route gives it, and the request id', async (t) => {
    const { headers } = await app.inject(downloadPath(await putFile('x')))
    t.strictSame(Object.keys(headers).toSorted(), [
      'cache-control', 'connection', 'content-length', 'date', 'location', 'referrer-policy', 'vary', 'x-content-type-options', 'x-request-id', 'x-robots-tag',
    ])
  })

  t.test('the sandbox of active content stays as it is', async (t) => {
    const { headers } = await app.inject(downloadPath(await putFile('<b>', { fileName: 'a.html', contentType: 'text/html' }), 'inline'))
    t.match(headers['content-security-policy'], /^sandbox; default-src 'none'/)
  })
})

t.test('without TLS no browser is told to insist on it', async (t) => {
  const { app } = await startService(t, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
  for (const path of ['/documentation/', '/api/v1/objects/storage-usage']) t.notOk('strict-transport-security' in (await app.inject(path)).headers)
})
