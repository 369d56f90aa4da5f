import t from 'tap'
import { READ_AGAIN_MS } from '../../../page/state/changes.js'
import { admin, runId, startService, workflowId } from '../../support/service.js'
import { launchChromium, withoutChromium } from './chromium.js'
import { digits, openAddress, settled } from './opened-page.js'

const TEXT = 'the text of the file'
const HOUR_MS = 3_600_000

t.test('what the page in Chromium shows after a change', { skip: withoutChromium }, async (t) => {
  const browser = await launchChromium(t)
  const { app, authorise } = await startService(t)
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const token = authorise(admin).authorization.replace('Bearer ', '')

  await t.test('the usage moves by itself after an upload, even if it is counted late, and is then left alone', async (t) => {
    const { page, complaints } = await openAddress(t, browser, 'about:blank')
    await page.clock.install()
    await page.goto(`${origin}/app/workflows/${workflowId}/runs/${runId}/#token=${token}`)
    await settled(page)
    // The upload is held back until the usage is shown.
    let release = () => {}
    const released = new Promise<void>((resolve) => { release = resolve })
    await page.route(/\/store\//, async (route) => {
      await released
      await route.continue()
    })
    await page.locator('#upload-files').setInputFiles({ name: 'file.txt', mimeType: 'text/plain', buffer: Buffer.from(TEXT) })
    await page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name: 'Overview' }).click()
    await page.locator('#total-files', { hasText: /^0.files$/ }).waitFor()

    const before = await app.inject({ url: '/api/v1/objects/storage-usage', headers: { authorization: `Bearer ${token}` } })
    let readings = 0
    await page.route(/\/storage-usage$/, async (route) => {
      readings++
      // The answer of a service to which the store has not reported the change yet.
      if (readings === 1) await route.fulfill({ status: 200, contentType: 'application/json', body: before.body })
      else await route.continue()
    })
    release()
    await page.locator('#total-files', { hasText: /^1.file$/ }).waitFor()
    t.equal(await digits(page, '#total-bytes'), TEXT.length)

    // The page's clock is set forward, past everything that it has planned.
    await page.clock.runFor(HOUR_MS)
    await settled(page)
    t.ok(readings <= READ_AGAIN_MS.length, `${readings} readings`)
    const until = readings
    await page.clock.runFor(HOUR_MS)
    await settled(page)
    t.equal(readings, until)
    t.strictSame(complaints, [])
  })
})
