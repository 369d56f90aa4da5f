import t from 'tap'
import { startService } from '../../support/service.js'

t.test('the usage page', async (t) => {
  const { app } = await startService(t)
  const files = ['/usage', '/usage/page.js', '/usage/page.css', '/usage/icon.svg', '/usage/uplot.js', '/usage/uplot.css']

  t.test('is available to everyone, without a token', async (t) => {
    for (const [path, type] of [
      ['/usage', 'text/html; charset=utf-8'],
      ['/usage/page.js', 'application/javascript; charset=utf-8'],
      ['/usage/page.css', 'text/css; charset=utf-8'],
      ['/usage/icon.svg', 'image/svg+xml'],
      ['/usage/uplot.js', 'application/javascript; charset=utf-8'],
      ['/usage/uplot.css', 'text/css; charset=utf-8'],
    ] as const) {
      const answer = await app.inject(path)
      t.equal(answer.statusCode, 200, path)
      t.equal(answer.headers['content-type'], type)
    }
  })

  t.test('runs its own scripts alone, and talks to the service alone', async (t) => {
    for (const path of files) {
      const { headers } = await app.inject(path)
      t.equal(headers['content-security-policy'], 'default-src \'none\'; script-src \'self\'; style-src \'self\'; img-src \'self\'; ' +
        'connect-src \'self\'; base-uri \'none\'; form-action \'none\'; frame-ancestors \'none\'; ' +
        'require-trusted-types-for \'script\'; trusted-types \'none\'', path)
      t.match(headers, { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-robots-tag': 'noindex' })
    }
  })

  t.test('has no script, style or handler in its markup, and nothing from elsewhere', async (t) => {
    const { body } = await app.inject('/usage')
    t.notMatch(body, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/i)
    t.notMatch(body, /https?:/i)
  })

  t.test('is asked for each time, and sent once', async (t) => {
    for (const path of files) {
      const { headers } = await app.inject(path)
      t.equal(headers['cache-control'], 'no-cache', path)
      const again = await app.inject({ url: path, headers: { 'if-none-match': String(headers.etag) } })
      t.strictSame([again.statusCode, again.body], [304, ''], path)
    }
  })

  t.test('is also found with a slash at its end', async (t) => {
    const { statusCode, headers } = await app.inject('/usage/')
    t.equal(statusCode, 308)
    t.equal(new URL(String(headers.location), 'https://files.example.com/usage/').href, 'https://files.example.com/usage')
    t.equal(new URL(String(headers.location), 'https://example.com/files/usage/').href, 'https://example.com/files/usage')
  })

  t.test('is where / leads to, under a proxy\'s prefix, too', async (t) => {
    const { statusCode, headers } = await app.inject('/')
    t.equal(statusCode, 302)
    t.equal(new URL(String(headers.location), 'https://files.example.com/').href, 'https://files.example.com/usage')
    t.equal(new URL(String(headers.location), 'https://example.com/files/').href, 'https://example.com/files/usage')
  })

  t.test('has no other files', async (t) => {
    for (const path of ['/usage/page.html', '/usage/nothing.js', '/usage/../package.json', '/usage/%2e%2e/package.json', '/usage/..%2fpackage.json']) {
      const answer = await app.inject(path)
      t.strictSame([answer.statusCode, answer.json().code], [404, 'ROUTE_NOT_FOUND'], path)
    }
  })
})
