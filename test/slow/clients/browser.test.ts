import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { demoFiles } from '../../../embedded/demo/files.js'
import { type DownloadService, startDownloadService } from '../../support/download-service.js'
import { storeKinds } from '../../support/stores.js'
import { launchChromium, withoutChromium } from './chromium.js'

// Chromium itself replaces the joiners within emoji, so the name has none.
const FILE_NAME = 'Übersicht 報告 🚀.txt'

/** A report that tries everything to reach the origin it came from. */
function hostileReport (origin: string): string {
  const usage = `${origin}/api/v1/objects/storage-usage`
  return `<!doctype html><title>Report</title><h1 style="color: rgb(1, 2, 3)">All is well</h1>
    <img src="${usage}?img"><iframe src="${usage}?frame"></iframe><link rel=stylesheet href="${usage}?style">
    <script src="${usage}?script"></script><object data="${usage}?object"></object>
    <meta http-equiv=refresh content="0; url=${usage}?refresh">
    <form action="${usage}"><input name=form></form>
    <script>
      const outcome = {}
      const attempt = (name, action) => { try { outcome[name] = String(action()) } catch (error) { outcome[name] = error.name } }
      attempt('cookie', () => document.cookie)
      attempt('storage', () => localStorage.length)
      attempt('popup', () => open('${usage}?popup'))
      attempt('form', () => document.forms[0].submit())
      attempt('beacon', () => navigator.sendBeacon('${usage}?beacon'))
      fetch('${usage}?fetch', { credentials: 'include' }).then(() => 'answered', (error) => error.name).then((fetched) => {
        document.documentElement.dataset.outcome = JSON.stringify({ ...outcome, fetched, origin: self.origin })
      })
    </script>`
}

/** The routes requested from the service since a position in its log. */
function routesAsked (log: string[], from: number): string[] {
  return log.slice(from).map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'incoming request')
    .map(({ req }) => String(req.route))
    // Browsers also request a favicon with any page.
    .filter((route) => route !== 'null')
}

const [embedded] = storeKinds
if (embedded === undefined) throw new Error('There is always an embedded store.')

t.test('Chromium', { skip: withoutChromium }, async (t) => {
  const browser = await launchChromium(t)
  for (const mode of ['redirect', 'stream']) {
    await t.test(`downloads in mode ${mode}`, async (t) => {
      const service = await startDownloadService(t, embedded, { DOWNLOAD_MODE: mode })
      await saveAndShow(t, browser, service)
      await showReport(t, browser, service)
    })
  }
  await t.test('INLINE_ACTIVE_CONTENT=scripts', async (t) => {
    await runReport(t, browser, await startDownloadService(t, embedded, { INLINE_ACTIVE_CONTENT: 'scripts' }))
  })
})

/** Opens a page that has a cookie of the service's origin, and closes it with the test. */
async function openPage (t: Test, browser: Browser, { origin }: DownloadService): Promise<Page> {
  const context = await browser.newContext()
  t.teardown(() => context.close())
  await context.addCookies([{ name: 'session', value: 'secret', url: origin }])
  return await context.newPage()
}

async function saveAndShow (t: Test, browser: Browser, service: DownloadService) {
  const { origin, putFile, downloadPath } = service

  await t.test('a file is saved under its name', async (t) => {
    const page = await openPage(t, browser, service)
    const url = `${origin}${downloadPath(await putFile('content', { fileName: FILE_NAME }))}`
    const started = page.waitForEvent('download')
    // The navigation ends in a download, which the browser counts as a failure to navigate.
    const [download] = await Promise.all([started, page.goto(url).catch(() => {})])
    t.equal(download.suggestedFilename(), FILE_NAME)
    t.equal(await readFile(await download.path(), 'utf8'), 'content')
  })

  await t.test('a page that is asked for without more is saved, not shown', async (t) => {
    const page = await openPage(t, browser, service)
    const url = `${origin}${downloadPath(await putFile('<h1>Hi', { fileName: 'page.html', contentType: 'text/html' }))}`
    const started = page.waitForEvent('download')
    const [download] = await Promise.all([started, page.goto(url).catch(() => {})])
    t.equal(download.suggestedFilename(), 'page.html')
  })

  await t.test('a picture is shown', async (t) => {
    const page = await openPage(t, browser, service)
    const { body } = demoFiles().chartPng
    await page.goto(`${origin}${downloadPath(await putFile(body, { fileName: 'chart.png', contentType: 'image/png' }), 'inline')}`)
    t.equal(await page.evaluate('document.images[0].naturalWidth'), body.readUInt32BE(16))
  })

  await t.test('text is shown as text', async (t) => {
    const page = await openPage(t, browser, service)
    await page.goto(`${origin}${downloadPath(await putFile('<script>document.title = "ran"</script>'), 'inline')}`)
    t.equal(await page.evaluate('document.body.innerText'), '<script>document.title = "ran"</script>')
    t.not(await page.title(), 'ran')
  })
}

async function showReport (t: Test, browser: Browser, service: DownloadService) {
  const { origin, putFile, downloadPath, log } = service

  await t.test('a report is shown, runs nothing and reaches nothing', async (t) => {
    const page = await openPage(t, browser, service)
    const objectKey = await putFile(hostileReport(origin), { contentType: 'text/html' })
    const from = log.length
    await page.goto(`${origin}${downloadPath(objectKey, 'inline')}`, { waitUntil: 'load' })
    t.equal(await page.textContent('h1'), 'All is well')
    t.equal(await page.evaluate('getComputedStyle(document.querySelector("h1")).color'), 'rgb(1, 2, 3)')
    t.equal(await page.evaluate('document.documentElement.dataset.outcome ?? "nothing ran"'), 'nothing ran')
    t.equal(await page.evaluate('self.origin'), 'null')
    t.equal(await page.evaluate('(() => { try { return document.cookie } catch (error) { return error.name } })()'), 'SecurityError')
    t.match(page.url(), /download/, 'it is still there')
    t.same(routesAsked(log, from), ['/api/v1/objects/download'])
  })

  await t.test('the demo report is shown with its picture', async (t) => {
    const page = await openPage(t, browser, service)
    const { body } = demoFiles().reportHtml
    await page.goto(`${origin}${downloadPath(await putFile(body, { contentType: 'text/html; charset=utf-8' }), 'inline')}`)
    t.ok(Number(await page.evaluate('document.images[0].naturalWidth')) > 0)
  })

  await t.test('a picture in SVG is shown and runs nothing', async (t) => {
    const page = await openPage(t, browser, service)
    const svg = '<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/><script>document.rootElement.id = "ran"</script></svg>'
    await page.goto(`${origin}${downloadPath(await putFile(svg, { contentType: 'image/svg+xml' }), 'inline')}`)
    t.equal(await page.evaluate('document.rootElement.querySelector("rect").getBBox().width'), 9)
    t.equal(await page.evaluate('document.rootElement.id'), '')
  })
}

async function runReport (t: Test, browser: Browser, service: DownloadService) {
  const { origin, putFile, downloadPath, log } = service

  await t.test('a report runs its scripts, which reach nothing', async (t) => {
    const page = await openPage(t, browser, service)
    const report = hostileReport(origin).replace(/<meta[^>]*>/, '')
    const objectKey = await putFile(report, { contentType: 'text/html' })
    const from = log.length
    await page.goto(`${origin}${downloadPath(objectKey, 'inline')}`)
    await page.waitForFunction('document.documentElement.dataset.outcome !== undefined')
    t.match(JSON.parse(String(await page.evaluate('document.documentElement.dataset.outcome'))), {
      cookie: 'SecurityError', storage: 'SecurityError', popup: 'null', fetched: 'TypeError', origin: 'null',
    })
    t.same(routesAsked(log, from), ['/api/v1/objects/download'])
  })
}
