import { gzipSync } from 'node:zlib'
import t from 'tap'
import { startService } from '../../support/service.js'

/** What a document makes the browser load at once, as addresses from the service's root. */
function assetsOf (document: string, path: string): string[] {
  return [...document.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) => new URL(address, `http://localhost${path}`).pathname)
}

t.test('the page', async (t) => {
  const { app } = await startService(t)
  const places = [
    '/app', '/app/', '/app/links', '/app/users', '/app/workflows/3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10',
    '/app/workflows/3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10/runs/9b2d6c1e-5d3f-4c8a-8b1d-6e7f8091a2b3/plots/2026%20%E2%82%AC/a%2Bb.png',
  ]

  t.test('is available to everyone at each address of a place, without a token', async (t) => {
    for (const path of places) {
      const answer = await app.inject(path)
      t.equal(answer.statusCode, 200, path)
      t.equal(answer.headers['content-type'], 'text/html; charset=utf-8')
      const assets = assetsOf(answer.body, path)
      t.equal(assets.length, 3)
      for (const asset of assets) t.equal((await app.inject(asset)).statusCode, 200, `${asset} of ${path}`)
    }
  })

  t.test('runs its own scripts alone, and talks to the service alone', async (t) => {
    const document = await app.inject('/app')
    for (const path of ['/app', ...assetsOf(document.body, '/app')]) {
      const { headers } = await app.inject(path)
      t.equal(headers['content-security-policy'], 'default-src \'none\'; script-src \'self\'; style-src \'self\'; img-src \'self\'; ' +
        'media-src \'self\'; frame-src \'self\'; connect-src \'self\'; base-uri \'none\'; form-action \'none\'; ' +
        'frame-ancestors \'none\'; require-trusted-types-for \'script\'; trusted-types \'none\'', path)
      t.match(headers, { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-robots-tag': 'noindex' })
    }
  })

  t.test('shows PDFs in a document without an origin and without a network, whose files anyone may load', async (t) => {
    const viewer = await app.inject('/app/pdf-viewer')
    t.equal(viewer.headers['content-security-policy'], 'default-src \'none\'; script-src \'self\'; style-src \'self\'; ' +
      'img-src data: blob:; base-uri \'none\'; form-action \'none\'; frame-ancestors \'self\'; require-trusted-types-for \'script\'; ' +
      'trusted-types \'none\'; sandbox allow-scripts')
    const assets = assetsOf(viewer.body, '/app/pdf-viewer')
    t.equal(assets.length, 2)
    for (const asset of assets) t.match((await app.inject(asset)).headers, { 'cross-origin-resource-policy': 'cross-origin' }, asset)
    for (const asset of assetsOf((await app.inject('/app')).body, '/app')) {
      t.match((await app.inject(asset)).headers, { 'cross-origin-resource-policy': 'same-origin' }, asset)
    }
  })

  t.test('has no script, style or handler in its markup, and nothing from elsewhere', async (t) => {
    const { body } = await app.inject('/app')
    t.notMatch(body, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/i)
    t.notMatch(body, /https?:/i)
  })

  t.test('is asked for each time, and sent once; what it loads is kept for a year, under names that change with it', async (t) => {
    const { headers, body } = await app.inject('/app')
    t.equal(headers['cache-control'], 'no-cache')
    const again = await app.inject({ url: '/app', headers: { 'if-none-match': String(headers.etag) } })
    t.strictSame([again.statusCode, again.body], [304, ''])
    for (const asset of assetsOf(body, '/app')) {
      t.match(asset, /-[0-9A-Z]{8}\.\w+$/)
      t.equal((await app.inject(asset)).headers['cache-control'], 'public, max-age=31536000, immutable')
    }
  })

  t.test('takes less than 150 kB to load', async (t) => {
    const seen = new Set<string>()
    const sizeOf = async (path: string): Promise<number> => {
      if (seen.has(path)) return 0
      seen.add(path)
      const { rawPayload, body } = await app.inject(path)
      // A script names what it imports at once.
      const imported = path.endsWith('.js') ? [...body.matchAll(/(?:from|import)\s*"(\.\/[^"]+)"/g)] : []
      const sizes = await Promise.all(imported.map(([, name = '']) => sizeOf(new URL(name, `http://localhost${path}`).pathname)))
      return gzipSync(rawPayload).length + sizes.reduce((sum, size) => sum + size, 0)
    }
    const document = await app.inject('/app')
    const sizes = await Promise.all(['/app', ...assetsOf(document.body, '/app')].map(sizeOf))
    const sizeBytes = sizes.reduce((sum, size) => sum + size, 0)
    t.comment(`${sizeBytes} bytes in ${seen.size} files`)
    t.ok(sizeBytes < 150_000, `${sizeBytes} bytes`)
    t.notOk([...seen].some((path) => path.includes('upload-queue')), 'Uppy is loaded with the first upload')
  })

  t.test('is where / and the page\'s former address lead to, under a proxy\'s prefix, too', async (t) => {
    for (const [path, status] of [['/', 302], ['/usage', 308], ['/usage/', 308], ['/usage?a=b', 308]] as const) {
      const { statusCode, headers } = await app.inject(path)
      t.equal(statusCode, status)
      t.equal(new URL(String(headers.location), `https://files.example.com${path}`).href, 'https://files.example.com/app')
      t.equal(new URL(String(headers.location), `https://example.com/files${path}`).href, 'https://example.com/files/app')
    }
  })

  t.test('has no other files', async (t) => {
    for (const path of ['/app/assets/nothing.js', '/usage/page.js', '/app%2e%2e/package.json']) {
      const answer = await app.inject(path)
      t.not(answer.headers['content-type'], 'application/javascript; charset=utf-8', path)
      t.ok(answer.statusCode === 404 || answer.headers['content-type'] === 'text/html; charset=utf-8', path)
    }
    for (const path of ['/app/../package.json', '/app/assets/%2e%2e/document.html', '/app/assets/..%2f..%2fserver.js']) {
      t.notMatch((await app.inject(path)).body, /"objects-storage"|createRequire|BASE/, path)
    }
  })
})

t.test('it may also talk to the storage, where browsers reach that, and to nothing else', async (t) => {
  for (const [environment, origin] of [
    [{ S3_PUBLIC_ENDPOINT: 'https://storage.example.com/below' }, 'https://storage.example.com'],
    [{
      S3_ENDPOINT: 'http://localhost:1',
      S3_ACCESS_KEY: 'key',
      S3_SECRET_KEY: 'secret',
      S3_PUBLIC_ENDPOINT: 'https://storage.example.com',
      S3_ADDRESSING: 'virtual-host',
      S3_BUCKET: 'acme-files',
    }, 'https://acme-files.storage.example.com'],
  ] as const) {
    const { app } = await startService(t, environment)
    const policy = String((await app.inject('/app')).headers['content-security-policy'])
    for (const directive of ['img-src', 'media-src', 'frame-src', 'connect-src']) t.match(policy, `${directive} 'self' ${origin};`)
    t.match(policy, "script-src 'self';")
    t.match(policy, "style-src 'self';")
  }
})
