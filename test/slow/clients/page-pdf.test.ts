import type { Browser, Frame, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { demoFiles } from '../../../embedded/demo/files.js'
import { mintObjectKey } from '../../../objects/object-key.js'
import { admin, runId, startService, workflowId } from '../../support/service.js'
import { launchChromium, withoutChromium } from './chromium.js'
import { launchFirefox, withoutFirefox } from './firefox.js'
import { openAddress, violations } from './opened-page.js'

/** The frame that draws the PDF. */
async function viewerOf (page: Page): Promise<Frame> {
  const frame = await (await page.locator('iframe.preview-frame').elementHandle())?.contentFrame()
  if (frame === null || frame === undefined) throw new Error('The page shows no frame.')
  return frame
}

/** Whether anything is drawn on the first page. */
const isDrawn = `(() => {
  const canvas = document.querySelector('.pdf-page canvas')
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  return data.some((value, index) => index % 4 !== 3 && value < 128)
})()`

for (const { name, skip, launch } of [
  { name: 'Chromium', skip: withoutChromium, launch: launchChromium },
  { name: 'Firefox', skip: withoutFirefox, launch: launchFirefox },
] satisfies Array<{ name: string, skip: string | false, launch: (t: Test) => Promise<Browser> }>) {
  t.test(`a PDF on the page in ${name}`, { skip }, async (t) => {
    const browser = await launch(t)
    const { app, authorise, putFile } = await startService(t)
    const origin = await app.listen({ host: '127.0.0.1', port: 0 })
    const token = authorise(admin).authorization.replace('Bearer ', '')
    for (const { path, body } of [{ path: 'whole.pdf', body: demoFiles().summaryPdf.body }, { path: 'torn.pdf', body: Buffer.from('%PDF-1.7\n') }]) {
      const { orgKey, userId: createdBy } = admin
      const objectKey = mintObjectKey({ orgKey, createdBy, workflowId, runId, direction: 'outputs', path })
      await putFile(body, { objectKey, contentType: 'application/pdf' })
    }
    await app.bucketEvents.settled()
    const { page, complaints } = await openAddress(t, browser, `${origin}/app/workflows/${workflowId}/runs/${runId}/whole.pdf#token=${token}`)

    await t.test('is drawn, and can be read as text, in a frame without an origin', async (t) => {
      await page.frameLocator('iframe[sandbox="allow-scripts"]').locator('.textLayer span').first().waitFor()
      const frame = await viewerOf(page)
      t.equal(await frame.evaluate('origin'), 'null')
      t.equal(await frame.evaluate(isDrawn), true)
      t.match(await frame.locator('.textLayer').first().innerText(), /\w{3}/)
    })

    await t.test('is drawn larger', async (t) => {
      const frame = page.frameLocator('iframe.preview-frame')
      const widthPx = () => frame.locator('.pdf-page canvas').first().evaluate((canvas: { width: number }) => canvas.width)
      const before = await widthPx()
      await frame.getByRole('button', { name: 'Larger' }).click()
      await frame.locator(`.pdf-page canvas:not([width="${before}"])`).first().waitFor()
      t.ok(await widthPx() > before)
      t.strictSame(complaints, [])
    })

    await t.test('can be used by everyone', async (t) => {
      t.strictSame(await violations(await viewerOf(page)), [])
      t.strictSame(await violations(page), [])
    })

    await t.test('that is none is told', async () => {
      await page.getByRole('link', { name: 'torn.pdf' }).click()
      await page.frameLocator('iframe.preview-frame').getByText('The preview could not be loaded.').waitFor()
    })
  })
}
