import { type IncomingHttpHeaders, createServer } from 'node:http'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { startDownloadService } from '../../support/download-service.js'
import { storeKinds } from '../../support/stores.js'
import { launchChromium, withoutChromium } from './chromium.js'
import { listenLocally } from '../../support/listen.js'

const [embedded] = storeKinds
if (embedded === undefined) throw new Error('There is always an embedded store.')

t.test('scripts in Chromium', { skip: withoutChromium }, async (t) => {
  const browser = await launchChromium(t)

  /** A page of an origin that the service does not know, with its own HTTP cache. */
  const pageAt = async (t: Test, address: string) => {
    const context = await browser.newContext()
    t.teardown(() => context.close())
    const page = await context.newPage()
    await page.goto(address)
    return page
  }

  for (const mode of ['redirect', 'stream']) {
    for (const from of ['the service\'s own origin', 'another origin']) {
      t.test(`from ${from} get a file and what describes it, in either order, in mode ${mode}`, async (t) => {
        const service = await startDownloadService(t, embedded, { DOWNLOAD_MODE: mode, CORS_ORIGINS: '*' })
        const page = await pageAt(t, from === 'another origin' ? (await startServer(t)).origin : `${service.origin}/health/live`)
        for (const methods of [['GET', 'HEAD', 'GET'], ['HEAD', 'GET', 'HEAD']]) {
          const url = `${service.origin}${service.downloadPath(await service.putFile('a file'))}`
          for (const method of methods) {
            t.strictSame(await fetchIn(page, url, { method }), { status: 200, text: method === 'GET' ? 'a file' : '' }, method)
          }
        }
      })
    }
  }

  t.test('of another origin send the headers that their libraries add', async (t) => {
    const page = await pageAt(t, (await startServer(t)).origin)
    const service = await startDownloadService(t, embedded, { CORS_ORIGINS: new URL(page.url()).origin })
    const url = `${service.origin}${service.downloadPath(await service.putFile('a file'))}&as=json`
    const headers = {
      baggage: 'sentry-environment=production',
      'sentry-trace': 'a-b-1',
      'x-requested-with': 'XMLHttpRequest',
      'cache-control': 'no-cache',
      pragma: 'no-cache',
      b3: '0',
      newrelic: 'x',
      'x-datadog-trace-id': '1',
    }
    t.match(await fetchIn(page, url, { headers }), { status: 200, text: /"bytes":6/ })
  })

  t.test('are of the origin null where the service has redirected them, unless they are its own', async (t) => {
    const store = await startServer(t)
    const service = await startDownloadService(t, embedded, { CORS_ORIGINS: '*', S3_PUBLIC_ENDPOINT: store.origin })
    const url = `${service.origin}${service.downloadPath(await service.putFile('a file'))}`
    // Each page has its own cache, so both ask the store.
    for (const [address, expected] of [[(await startServer(t)).origin, 'null'], [`${service.origin}/health/live`, service.origin]] as const) {
      const page = await pageAt(t, address)
      store.requests.length = 0
      await fetchIn(page, url)
      t.match(store.requests, [{ origin: expected }])
    }
  })

  t.test('ask for a redirect again, and for the bytes behind it just once', async (t) => {
    const store = await startServer(t)
    const service = await startDownloadService(t, embedded, { S3_PUBLIC_ENDPOINT: store.origin, DOWNLOAD_URL_TTL: '86400' })
    const url = `${service.origin}${service.downloadPath(await service.putFile('a file'))}`
    const page = await pageAt(t, `${service.origin}/health/live`)
    const from = service.log.length
    for (let round = 0; round < 3; round++) t.match(await fetchIn(page, url), { status: 200, text: 'a page' })
    const asked = service.log.slice(from).filter((line) => /"incoming request"/.test(line) && /\/download"/.test(line))
    t.equal(asked.length, 3)
    t.equal(store.requests.length, 1)
  })
})

async function fetchIn (page: Page, url: string, options: object = {}): Promise<unknown> {
  return await page.evaluate(`fetch(${JSON.stringify(url)}, ${JSON.stringify(options)})
    .then(async (answer) => ({ status: answer.status, text: await answer.text() }))`)
}

/** A server with its own origin, which admits everyone, remembers the requests, and has a page that is a year old. */
async function startServer (t: Test): Promise<{ origin: string, requests: IncomingHttpHeaders[] }> {
  const requests: IncomingHttpHeaders[] = []
  const yearOld = new Date(Date.now() - 365 * 24 * 3600_000).toUTCString()
  const server = createServer(({ headers }, response) => {
    requests.push(headers)
    response.writeHead(200, { 'access-control-allow-origin': '*', 'content-type': 'text/plain', 'last-modified': yearOld, etag: '"page"' })
    response.end('a page')
  })
  return { origin: await listenLocally(t, server), requests }
}
