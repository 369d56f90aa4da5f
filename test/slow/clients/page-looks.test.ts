import { mkdir } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import t from 'tap'
import { admin } from '../../support/service.js'
import { launchChromium, withoutChromium } from './chromium.js'
import { cutOff, digits, openAddress, overflowsSideways, settled, violations } from './opened-page.js'
import { startUsageService } from './usage-service.js'

// Pictures of the demo in this folder: `light-file.png` is the one in README.md, and `light-overview.png` that in docs/page.md.
const pictures = new URL('../../../test-output/page/', import.meta.url)
const REPORT = '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10'
const REPORT_RUN = '9b2d6c1e-5d3f-4c8a-8b1d-6e7f8091a2b3'
const EMPTY_RUN = '00000000-5d3f-4c8a-8b1d-6e7f8091a2b3'
const picture = (name: string) => new URL(`${name}.png`, pictures).pathname

/** Doubles the size of text in everything that is opened from now on, as readers do in their browsers' settings. */
async function doubleText (page: Page): Promise<void> {
  await page.addInitScript(`document.addEventListener('readystatechange', () => {
    document.documentElement.style.fontSize = '200%'
  }, { once: true })`)
}

t.test('how the page looks in Chromium', { skip: withoutChromium }, async (t) => {
  await mkdir(pictures, { recursive: true })
  const browser = await launchChromium(t)
  const { app, origin, demoToken, planet, tokenOf, linkOf, usage } = await startUsageService(t)

  await t.test('the days are drawn, read out and told as a table', async (t) => {
    const { page, complaints } = await openAddress(t, browser, linkOf(planet))
    const canvas = page.locator('#history-chart canvas')
    await canvas.waitFor()
    t.match(await page.locator('#history-chart').getAttribute('aria-label'), /^Bytes stored, day by day: .* on .*, 1\.24\sTB on /)
    t.equal(await digits(page, '#history-reading span:last-of-type'), (await usage(tokenOf(planet))).totalBytes)
    await page.getByText('Figures by day').click()
    t.equal(await page.locator('#history-rows tr').count(), 30)
    t.equal(await page.locator('#history-rows tr', { hasText: 'was missed' }).count(), 1)
    t.match(await page.locator('#history-rows tr').nth(1).innerText(), /1,236,000,000,000/)

    const box = await canvas.boundingBox()
    await page.mouse.move((box?.x ?? 0) + 90, (box?.y ?? 0) + 40)
    t.not(await digits(page, '#history-reading span:last-of-type'), (await usage(tokenOf(planet))).totalBytes)

    await page.getByRole('radio', { name: '90 days' }).check()
    await page.locator('#history-rows tr').nth(89).waitFor({ state: 'attached' })
    t.equal(await page.locator('#history-rows tr').count(), 90)
    t.strictSame(complaints, [])
  })

  await t.test('the line takes the colours of the scheme that the system changes to', async (t) => {
    const { page } = await openAddress(t, browser, linkOf(planet), { colorScheme: 'light' })
    await page.locator('#history-chart canvas').waitFor()
    const drawnIn = async (colour: string) => await page.evaluate(`new Promise((resolve) => {
      const look = () => {
        const { data } = document.querySelector('#history-chart canvas').getContext('2d').getImageData(0, 0, 900, 200)
        for (let at = 0; at < data.length; at += 4) if (String(data.slice(at, at + 4)) === '${colour},255') return resolve(true)
        requestAnimationFrame(look)
      }
      look()
    })`)
    t.ok(await drawnIn('11,82,76'))
    await page.emulateMedia({ colorScheme: 'dark' })
    t.ok(await drawnIn('31,93,85'))
  })

  await t.test('with today alone there is a word in place of a line', async (t) => {
    const { page, complaints } = await openAddress(t, browser, 'about:blank')
    // Thirty days back from this time, the first day is today.
    await page.clock.setFixedTime(Date.now() + 29 * 86_400_000)
    await page.goto(linkOf(planet))
    await page.locator('#history-empty', { hasText: 'begins tomorrow' }).waitFor()
    t.equal(await page.locator('#history-chart').count(), 0)
    t.strictSame(complaints, [])
  })

  await t.test('the newest day is named in full at the end of the line', async (t) => {
    const { page } = await openAddress(t, browser, 'about:blank')
    // Thirty days back from this time, the first day is yesterday.
    await page.clock.setFixedTime(Date.now() + 28 * 86_400_000)
    await page.goto(linkOf(planet))
    await page.locator('#history-chart canvas').waitFor()
    const drawnAtTheEdge = await page.evaluate(`new Promise((resolve) => {
      const { width, height } = document.querySelector('#history-chart canvas')
      const isDrawn = (...area) => document.querySelector('#history-chart canvas').getContext('2d').getImageData(...area).data.some(Boolean)
      const look = () => isDrawn(0, 0, width, height) ? resolve(isDrawn(width - 4, 0, 4, height)) : requestAnimationFrame(look)
      look()
    })`)
    t.equal(drawnAtTheEdge, false)
  })

  await t.test('an organisation without files is told so', async (t) => {
    const { page, complaints } = await openAddress(t, browser, linkOf({ ...admin, orgKey: 'nobody' }))
    await settled(page)
    t.equal(await page.locator('#total-bytes').innerText(), '0\u00a0bytes')
    t.match(await page.locator('#freshness').innerText(), /No files have been counted yet/)
    t.match(await page.locator('#workflows-empty').innerText(), /No workflow/)
    t.ok(await page.getByRole('button', { name: 'Export CSV' }).isDisabled())
    t.strictSame(complaints, [])
  })

  for (const share of [{ note: 'For the review on Friday' }, { expiresIn: 60 }]) {
    const { statusCode } = await app.inject({
      method: 'POST',
      url: '/api/v1/objects/shares',
      headers: { authorization: `Bearer ${demoToken}` },
      payload: { workflowId: REPORT, runId: REPORT_RUN, ...share },
    })
    t.equal(statusCode, 201)
  }

  for (const [name, options] of [
    ['light', { colorScheme: 'light', viewport: { width: 1280, height: 900 } }],
    ['dark', { colorScheme: 'dark', viewport: { width: 1280, height: 900 } }],
    ['phone', { colorScheme: 'light', viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }],
    ['dark-phone', { colorScheme: 'dark', viewport: { width: 320, height: 640 }, reducedMotion: 'reduce' }],
    ['4k', { colorScheme: 'light', viewport: { width: 3840, height: 2160 } }],
    // A window of 1,280 pixels, in which everything is twice as large (WCAG 1.4.10), or only the text is (1.4.4).
    ['zoomed', { colorScheme: 'light', viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 }],
    ['large-text', { colorScheme: 'light', viewport: { width: 1280, height: 900 } }],
  ] as const) {
    await t.test(`axe-core finds nothing wrong with any place, and nothing is cut off, ${name}`, async (t) => {
      const { page, complaints } = await openAddress(t, browser, 'about:blank', options)
      if (name === 'large-text') await doubleText(page)
      await page.goto(`${origin}/app`)
      const look = async (at: string) => {
        t.strictSame(await violations(page), [], at)
        t.strictSame(await cutOff(page), [], at)
        t.notOk(await overflowsSideways(page), at)
      }
      await page.locator('#entry').waitFor()
      await page.screenshot({ path: picture(`${name}-entry`), fullPage: true })
      await look('entry')
      await page.fill('#token', tokenOf(planet))
      await page.keyboard.press('Enter')
      await settled(page)
      await page.locator('#history-chart canvas').waitFor()
      await look('overview')
      await page.screenshot({ path: picture(name), fullPage: true })
      await page.getByText('Figures by day').click()
      await look('overview with all that can be open')
      const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor')
      t.equal(ground, name.startsWith('dark') ? 'rgb(19, 21, 23)' : 'rgb(255, 255, 255)')

      for (const [title, place, shown] of [
        ['overview', '', '#workflows'],
        ['workflow', `workflows/${REPORT}`, '#runs'],
        ['run', `workflows/${REPORT}/runs/${REPORT_RUN}/`, '#files'],
        ['file', `workflows/${REPORT}/runs/${REPORT_RUN}/revenue-by-week.png`, '.preview img'],
        ['empty-run', `workflows/${REPORT}/runs/${EMPTY_RUN}/`, '.command'],
        ['links', 'links', '#links'],
        ['users', 'users', '#users'],
        ['largest', 'largest', '#main[aria-busy=false]'],
        ['nowhere', 'nowhere', '#heading'],
      ] as const) {
        await page.goto(`${origin}/app/${place}#token=${demoToken}`)
        await page.locator(shown).waitFor()
        await settled(page)
        await look(title)
        await page.screenshot({ path: picture(`${name}-${title}`), fullPage: true })
      }
      t.strictSame(complaints, [])
    })
  }
})
