import type { Page, Request } from 'playwright-core'
import t from 'tap'
import { admin, startService } from '../../support/service.js'
import { launchChromium, withoutChromium } from './chromium.js'
import { openAddress, settled } from './opened-page.js'
import { startUsageService } from './usage-service.js'

t.test('the usage page in Chromium', { skip: withoutChromium }, async (t) => {
  const browser = await launchChromium(t)
  const { app, origin, demoToken, planet, tokenOf, linkOf } = await startUsageService(t)
  const entryMessage = async (page: Page) => {
    await page.locator('#entry').waitFor()
    return await page.locator('#message-text').innerText()
  }
  await t.test('a malformed, wrong or expired token is refused with the reason', async (t) => {
    const { page } = await openAddress(t, browser, `${origin}/usage#token=nonsense%20nonsense`)
    t.match(await entryMessage(page), /not a token/)
    t.equal(page.url(), `${origin}/usage`)
    for (const [token, reason] of [
      [[...demoToken.split('.').slice(0, 2), tokenOf(planet).split('.')[2]].join('.'), /The bearer token is not valid/],
      [app.jwt.sign({ sub: admin.userId, orgKey: 'demo', role: 'admin', exp: 1_000_000_000 }), /it has expired/],
      ['nonsense', /it is malformed/],
    ] as const) {
      await page.fill('#token', token)
      await page.getByRole('button', { name: 'Show usage' }).click()
      await page.locator('#message-text', { hasText: reason }).waitFor()
      t.match(await entryMessage(page), reason)
      t.equal(await page.inputValue('#token'), '')
    }
  })

  await t.test('a forgotten token leaves no figures', async (t) => {
    const { page } = await openAddress(t, browser, linkOf(planet))
    await settled(page)
    await page.getByRole('button', { name: 'Forget token' }).click()
    t.equal(await page.locator('#usage').isVisible(), false)
    t.equal(await page.locator('#workflow-rows tr').count(), 0)
    t.equal(await page.title(), 'Storage usage')
  })

  await t.test('refreshing, or forgetting the token, ends what is being read, which is then never shown', async (t) => {
    const { page } = await openAddress(t, browser, linkOf(planet))
    await settled(page)
    // These are never answered.
    await page.route(/\/storage-usage(\/history)?(\?|$)/, () => {})
    const whileReading = async (press: () => Promise<void>) => {
      const asked = page.waitForRequest(/\/storage-usage(\/history)?(\?|$)/)
      await press()
      return await asked
    }
    const ended = async (reading: Request, press: () => Promise<void>) => {
      // The page itself gives up after thirty seconds.
      const failed = page.waitForEvent('requestfailed', { predicate: (request) => request === reading, timeout: 15_000 })
      await press()
      t.equal((await failed).failure()?.errorText, 'net::ERR_ABORTED')
    }
    const refresh = () => page.getByRole('button', { name: 'Refresh' }).click()
    const forget = () => page.getByRole('button', { name: 'Forget token' }).click()
    await ended(await whileReading(refresh), refresh)
    await ended(await whileReading(refresh), forget)
    t.equal(await page.locator('#usage').isVisible(), false)
    t.equal(await page.locator('#workflow-rows tr').count(), 0)
  })

  await t.test('without a connection the page says so, and continues by itself when it is back', async (t) => {
    const { page } = await openAddress(t, browser, linkOf(planet))
    await settled(page)
    await page.context().setOffline(true)
    await page.getByRole('button', { name: 'Refresh' }).click()
    await page.locator('#message-text').waitFor({ state: 'visible' })
    t.equal(await page.locator('#message-text').innerText(), 'You are offline. The figures below are from before.')
    await page.context().setOffline(false)
    await page.locator('#message-text').waitFor({ state: 'hidden' })
    t.ok(await page.locator('#usage').isVisible())
  })

  await t.test('a service without its database is told as what it is, and can be tried again', async (t) => {
    const { app } = await startService(t, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
    const address = await app.listen({ host: '127.0.0.1', port: 0 })
    const { page } = await openAddress(t, browser, `${address}/usage#token=${demoToken}`)
    await settled(page)
    t.equal(await page.locator('#message-text').innerText(), 'The database does not answer.')
    t.equal(await page.evaluate('document.activeElement.id'), 'retry')
    await page.keyboard.press('Enter')
    await settled(page)
    t.equal(await page.locator('#message-text').innerText(), 'The database does not answer.')
  })
})
