import type { Page, Request } from 'playwright-core'
import t from 'tap'
import { admin, member, startService } from '../../support/service.js'
import { launchChromium, withoutChromium } from './chromium.js'
import { digits, openAddress, settled } from './opened-page.js'
import { startUsageService } from './usage-service.js'

const LINKS_OF_PLACES = ['Overview', 'Largest files', 'Share links', 'Users']

t.test('signing in and out of the page in Chromium', { skip: withoutChromium }, async (t) => {
  const browser = await launchChromium(t)
  const { app, origin, demoLink, demoToken, planet, tokenOf, linkOf, usage } = await startUsageService(t)
  const entryMessage = async (page: Page) => {
    await page.locator('#entry').waitFor()
    return await page.locator('#message-text').innerText()
  }

  await t.test('the token is nowhere but in its tab, and stays there through a reload until it is forgotten', async (t) => {
    const { page } = await openAddress(t, browser, demoLink)
    await settled(page)
    t.equal(page.url(), `${origin}/app`)
    const read = async (what: string) => String(await page.evaluate(`(async () => JSON.stringify(${what}))()`))
    const elsewhere = `[
      location.href, history.length, history.state, document.cookie, { ...localStorage }, await indexedDB.databases(),
      await caches.keys(), document.documentElement.outerHTML, [...document.querySelectorAll('input')].map(({ value }) => value),
    ]`
    const signature = demoToken.split('.')[2] ?? ''
    t.notMatch(await read(elsewhere), signature)
    t.match(await read('{ ...sessionStorage }'), signature)
    // Going back, or opening the browser's history, must not reveal it either.
    const { entries } = await (await page.context().newCDPSession(page)).send('Page.getNavigationHistory')
    t.strictSame(entries.map(({ url }) => url).filter((url) => url.includes(signature)), [])
    t.equal(entries.at(-1)?.url, `${origin}/app`)
    t.equal(await page.evaluate('history.length'), entries.length)

    await page.reload()
    await page.locator('#organisation', { hasText: 'demo' }).waitFor()
    await settled(page)
    t.ok(await page.locator('#usage').isVisible())
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.locator('#entry').waitFor()
    t.notMatch(await read('{ ...sessionStorage }'), signature)
    t.equal(await page.locator('#usage').count(), 0)
    t.equal(await page.title(), 'Files and storage')
    t.equal(await page.locator('#organisation').innerText(), '')
    await page.reload()
    await page.locator('#entry').waitFor()
  })

  await t.test('another tab of the browser is signed in by the first, at the place that it opens; another profile is not', async (t) => {
    const { page } = await openAddress(t, browser, linkOf(planet))
    await settled(page)
    const tab = await page.context().newPage()
    await tab.goto(`${origin}/app/users`)
    await tab.locator('#users').waitFor()
    t.equal(tab.url(), `${origin}/app/users`)
    await tab.getByRole('button', { name: 'Sign out' }).click()
    await tab.locator('#entry').waitFor()
    t.equal(await tab.locator('#users').count(), 0)
    t.ok(await page.locator('#usage').isVisible(), 'the first stays signed in')
    const stranger = await openAddress(t, browser, `${origin}/app/users`)
    await stranger.page.locator('#entry').waitFor()
  })

  await t.test('a link with another token takes its place in the open page', async (t) => {
    const { page } = await openAddress(t, browser, demoLink)
    await settled(page)
    await page.evaluate(`location.href = ${JSON.stringify(linkOf(planet))}`)
    await page.locator('#organisation', { hasText: 'planet' }).waitFor()
    t.equal(page.url(), `${origin}/app`)
  })

  await t.test('the address that the page used to have leads to it, with the token', async (t) => {
    for (const address of ['/usage', '/usage/', '/']) {
      const { page } = await openAddress(t, browser, `${origin}${address}#token=${demoToken}`)
      await page.locator('#total-size').waitFor()
      t.equal(page.url(), `${origin}/app`)
    }
  })

  await t.test('all is done by the keyboard alone', async (t) => {
    const { page } = await openAddress(t, browser, `${origin}/app`)
    const focus = async () => String(await page.evaluate('document.activeElement.id || document.activeElement.textContent'))
    const tabTo = async (name: string) => {
      for (let steps = 0; steps < 40 && await focus() !== name; steps++) await page.keyboard.press('Tab')
      t.equal(await focus(), name)
      t.not(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'none', `the focus on ${name} shows`)
    }
    await page.locator('#entry').waitFor()
    t.equal(await focus(), 'token')
    await page.keyboard.type(`Bearer ${tokenOf({ ...admin, orgKey: 'demo' })}`)
    await page.keyboard.press('Enter')
    await settled(page)
    t.equal(await focus(), 'heading', 'the focus goes where the place begins')
    await tabTo('workflow-search')
    await page.keyboard.type('nightly')
    await tabTo('Nightly import')
    await page.keyboard.press('Enter')
    await page.locator('h1', { hasText: 'Nightly import' }).waitFor()
    t.equal(await focus(), 'heading')
    await page.locator('#runs').waitFor()
    const run = await page.locator('#runs tbody a').first().innerText()
    await tabTo(run)
    await page.keyboard.press('Enter')
    await page.locator('#files').waitFor()
    const file = await page.locator('#files tbody a').first().innerText()
    await tabTo(file)
    await page.keyboard.press('Enter')
    await page.locator('.preview-table, .preview-text').waitFor()
    await tabTo('Share')
    await page.keyboard.press('Enter')
    await page.locator('dialog').waitFor()
    await tabTo('Create link')
    await page.keyboard.press('Enter')
    await page.locator('#share-url').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('dialog').waitFor({ state: 'detached' })
    t.equal(await focus(), 'Share', 'the focus is where the window was opened')
  })

  await t.test('an admin sees one user\'s part, and a wrong id is told before it is sent', async (t) => {
    const { page, complaints } = await openAddress(t, browser, demoLink)
    await settled(page)
    await page.getByRole('link', { name: 'Users' }).click()
    await page.locator('#users').waitFor()
    const whole = await usage(demoToken)
    await page.fill('#created-by', 'someone')
    await page.getByRole('button', { name: 'Show' }).click()
    t.match(await page.locator('#created-by-error').innerText(), /UUID/)
    t.equal(await page.locator('#created-by').getAttribute('aria-invalid'), 'true')
    const userId = await page.locator('#users tbody a').last().innerText()
    await page.fill('#created-by', userId.toUpperCase())
    await page.getByRole('button', { name: 'Show' }).click()
    await page.locator('#total-bytes').waitFor()
    t.equal(page.url(), `${origin}/app/users/${userId}`)
    const part = await usage(demoToken, `?createdBy=${userId}`)
    t.ok(part.totalBytes > 0 && part.totalBytes < whole.totalBytes)
    t.equal(await digits(page, '#total-bytes'), part.totalBytes)
    await page.getByRole('link', { name: 'Everybody' }).click()
    await page.locator('#total-bytes', { hasText: whole.totalBytes.toLocaleString('en-GB') }).waitFor()
    t.strictSame(complaints, [])
  })

  await t.test('a member is offered no admin\'s place, and told what is forbidden', async (t) => {
    const { page } = await openAddress(t, browser, linkOf({ ...member, orgKey: planet.orgKey }))
    await settled(page)
    t.strictSame(await page.getByRole('navigation', { name: 'Places' }).getByRole('link').allInnerTexts(), LINKS_OF_PLACES.slice(0, 3))
    t.equal(await page.getByRole('button', { name: 'Compare now' }).count(), 0)
    for (const [place, reason] of [
      ['users', /Only an admin/], [`users/${admin.userId}`, /Only an admin may ask for another user's usage/],
    ] as const) {
      await page.goto(`${origin}/app/${place}`)
      await page.locator('main .message-text', { hasText: reason }).first().waitFor()
    }
  })

  await t.test('a malformed, wrong or expired token is refused with the reason', async (t) => {
    const { page } = await openAddress(t, browser, `${origin}/app#token=nonsense%20nonsense`)
    t.match(await entryMessage(page), /not a token/)
    t.equal(page.url(), `${origin}/app`)
    for (const [token, reason] of [
      [[...demoToken.split('.').slice(0, 2), tokenOf(planet).split('.')[2]].join('.'), /The bearer token is not valid/],
      [app.jwt.sign({ sub: admin.userId, orgKey: 'demo', role: 'admin', exp: 1_000_000_000 }), /it has expired/],
      ['nonsense', /it is malformed/],
    ] as const) {
      await page.fill('#token', token)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.locator('#message-text', { hasText: reason }).waitFor()
      t.match(await entryMessage(page), reason)
      t.equal(await page.inputValue('#token'), '')
    }
  })

  await t.test('refreshing, or signing out, ends what is being read, which is then never shown', async (t) => {
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
    const forget = () => page.getByRole('button', { name: 'Sign out' }).click()
    await ended(await whileReading(refresh), refresh)
    await ended(await whileReading(refresh), forget)
    t.equal(await page.locator('#usage').count(), 0)
  })

  await t.test('without a connection the page says so, and continues by itself when it is back', async (t) => {
    const { page } = await openAddress(t, browser, linkOf(planet))
    await settled(page)
    await page.context().setOffline(true)
    await page.getByRole('button', { name: 'Refresh' }).click()
    const message = page.locator('#main > .message .message-text')
    await message.waitFor()
    t.equal(await message.innerText(), 'You are offline. What is shown below may be out of date.')
    await page.context().setOffline(false)
    await message.waitFor({ state: 'detached' })
    t.ok(await page.locator('#usage').isVisible())
  })

  await t.test('a service without its database is told as what it is, and can be tried again', async (t) => {
    const { app } = await startService(t, { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
    const address = await app.listen({ host: '127.0.0.1', port: 0 })
    const { page } = await openAddress(t, browser, `${address}/app#token=${demoToken}`)
    await settled(page)
    t.equal(await page.locator('main .message-text').innerText(), 'The database does not answer.')
    const again = page.waitForResponse(/storage-usage/)
    await page.getByRole('button', { name: 'Try again' }).click()
    t.equal((await again).status(), 503)
    await settled(page)
    t.equal(await page.locator('main .message-text').innerText(), 'The database does not answer.')
  })
})
