import type { Page } from 'playwright-core'
import t from 'tap'
import { demoFiles } from '../../../embedded/demo/files.js'
import { startService } from '../../support/service.js'
import { launchChromium, withoutChromium } from './chromium.js'

/** Two seconds of silence (RIFF WAVE, 8-bit, 8 kHz). */
function silence (): Buffer {
  const samples = Buffer.alloc(16_000, 128)
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(36 + samples.length, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(8000, 24)
  header.writeUInt32LE(8000, 28)
  header.writeUInt16LE(1, 32)
  header.writeUInt16LE(8, 34)
  header.write('data', 36)
  header.writeUInt32LE(samples.length, 40)
  return Buffer.concat([header, samples])
}

/** Records a moving square in a page, as base64-encoded WebM. */
const recordVideo = `(async () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 48 })
  const recorder = new MediaRecorder(canvas.captureStream(), { mimeType: 'video/webm' })
  const parts = []
  recorder.ondataavailable = ({ data }) => { parts.push(data) }
  const stopped = new Promise((resolve) => { recorder.onstop = resolve })
  recorder.start()
  while (parts.length === 0) {
    for (let place = 0; place < 20; place++) {
      canvas.getContext('2d').fillRect(place, place, 20, 20)
      await new Promise(requestAnimationFrame)
    }
    recorder.requestData()
  }
  recorder.stop()
  await stopped
  return btoa(String.fromCharCode(...new Uint8Array(await new Blob(parts).arrayBuffer())))
})()`

const script = 'document.documentElement.dataset.ran = "yes"; localStorage.setItem("stolen", "yes"); ' +
  'fetch("/api/v1/objects/storage-usage", { credentials: "include" })'
const hostilePage = `<!doctype html><h1>All is well</h1><img src="/health/live?img"><iframe src="/app"></iframe>
  <link rel="stylesheet" href="/app/assets/page.css"><script>${script}</script><script src="/app/assets/page.js"></script>
  <form action="/api/v1/objects/reconcile" method="post"><button>Go</button></form>
  <svg onload="${script.replaceAll('"', '&quot;')}"></svg>`

t.test('files in the embedded store, in Chromium', { skip: withoutChromium }, async (t) => {
  const { app, log, putFile } = await startService(t)
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const browser = await launchChromium(t)
  const context = await browser.newContext()
  await context.addCookies([{ name: 'session', value: 'secret', url: origin }])

  /** The URL at which a file is shown as what it is; the service has no such URL for active content. */
  const store = async (body: Buffer | string, contentType: string) => {
    const query = { 'response-content-type': contentType, 'response-content-disposition': 'inline' }
    const objectKey = await putFile(body, { contentType })
    return origin + app.presign({ method: 'GET', objectKey, query, signedAt: new Date(), expiresInSeconds: 300 })
  }
  const show = async (body: Buffer | string, contentType: string) => {
    const page = await context.newPage()
    await page.goto(await store(body, contentType))
    return page
  }
  /** The routes requested during an action. */
  const routesAskedIn = async (action: () => Promise<unknown>) => {
    const from = log.length
    await action()
    return log.slice(from).map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'incoming request').map(({ req }) => req.route)
  }
  const ownPage = await context.newPage()
  await ownPage.goto(`${origin}/metrics`)
  await ownPage.evaluate('localStorage.setItem("mine", "kept")')

  for (const type of ['text/html', 'application/xhtml+xml', 'image/svg+xml', 'text/xml']) {
    await t.test(`an uploaded page (${type}) runs nothing, and reaches nothing of the service's pages`, async (t) => {
      const body = type === 'text/html' ? hostilePage : `<svg xmlns="http://www.w3.org/2000/svg" onload='${script}'><script>${script}</script></svg>`
      let page: Page | undefined
      const routes = await routesAskedIn(async () => { page = await show(body, type) })
      t.strictSame(routes, ['/store/*'], 'nothing else is asked for')
      t.equal(await page?.evaluate('self.origin'), 'null')
      t.equal(await page?.evaluate('document.documentElement.dataset.ran ?? "nothing"'), 'nothing')
      for (const part of ['document.cookie', 'localStorage.length', 'sessionStorage.length', 'navigator.serviceWorker.controller']) {
        t.equal(await page?.evaluate(`(() => { try { return String(${part}) } catch (error) { return error.name } })()`), 'SecurityError', part)
      }
      t.strictSame(await ownPage.evaluate('Object.entries(localStorage)'), [['mine', 'kept']])
    })
  }

  await t.test('an uploaded script becomes neither a script nor a worker of a page', async (t) => {
    const url = await store(script, 'text/javascript')
    const outcome = await ownPage.evaluate(`(async () => {
      const load = (name, source) => new Promise((resolve) => {
        const element = Object.assign(document.createElement(name), source)
        element.onload = () => resolve('loaded')
        element.onerror = () => resolve('refused')
        document.documentElement.append(element)
      })
      const begin = (make) => new Promise((resolve) => { make().onerror = () => resolve('refused') })
      return [
        await load('script', { src: ${JSON.stringify(url)} }),
        await load('script', { src: ${JSON.stringify(url)}, type: 'module' }),
        await load('link', { href: ${JSON.stringify(url)}, rel: 'stylesheet' }),
        await begin(() => new Worker(${JSON.stringify(url)})),
        await navigator.serviceWorker.register(${JSON.stringify(url)}).then(() => 'registered', () => 'refused'),
      ]
    })()`)
    t.strictSame(outcome, Array(5).fill('refused'))
  })

  await t.test('a picture is shown', async (t) => {
    const { body } = demoFiles().chartPng
    t.equal(await (await show(body, 'image/png')).evaluate('document.images[0].naturalWidth'), body.readUInt32BE(16))
  })

  await t.test('sound is played', async (t) => {
    const page = await show(silence(), 'audio/wav')
    await page.waitForFunction('document.querySelector("video, audio")?.readyState >= 2')
    t.equal(await page.evaluate('document.querySelector("video, audio").duration'), 2)
  })

  await t.test('a video is shown', async (t) => {
    const studio = await context.newPage()
    await studio.goto(`${origin}/metrics`)
    const page = await show(Buffer.from(await studio.evaluate<string>(recordVideo), 'base64'), 'video/webm')
    await page.waitForFunction('document.querySelector("video")?.readyState >= 2')
    t.strictSame(await page.evaluate('[document.querySelector("video").videoWidth, document.querySelector("video").videoHeight]'), [64, 48])
    t.equal(await page.evaluate('self.origin'), 'null')
  })

  await t.test('a PDF is shown', async (t) => {
    const page = await show(demoFiles().summaryPdf.body, 'application/pdf')
    const looker = await context.newPage()
    // Scripts cannot look into Chromium's viewer, so only a screenshot can tell: its paper is white on dark grey.
    const isWhite = async () => {
      const picture = (await page.screenshot()).toString('base64')
      return await looker.evaluate(`(async () => {
        const picture = await createImageBitmap(await (await fetch('data:image/png;base64,${picture}')).blob())
        const context = new OffscreenCanvas(picture.width, picture.height).getContext('2d')
        context.drawImage(picture, 0, 0)
        return [...context.getImageData(picture.width * 0.6, picture.height * 0.9, 1, 1).data].every((value) => value === 255)
      })()`)
    }
    while (!await isWhite()) { /* until it has been drawn */ }
    t.pass('the page is drawn')
  })
})
