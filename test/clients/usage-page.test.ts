import { mkdir, readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { DEMO_MEMBER } from '../../embedded/demo-organisation.js'
import { introduce } from '../../introduction.js'
import type { Caller } from '../../schemas/token-claims.js'
import { admin, member, startService } from '../service.js'
import { launchChromium, withoutChromium } from './chromium.js'
import {
  countSums, digits, openAddress, overflowsSideways, rememberDays, settled, shownWorkflows, violations,
} from './usage-page.js'

// The README's picture is `light.png` of these.
const pictures = new URL('../../test-output/usage-page/', import.meta.url)
const picture = (name: string) => new URL(`${name}.png`, pictures).pathname
const GB = 1_000_000_000n

t.test('the usage page in Chromium', { skip: withoutChromium }, async (t) => {
  await mkdir(pictures, { recursive: true })
  const browser = await launchChromium(t)
  const { app } = await startService(t)
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const printed = await introduce(app, origin)
  const demoLink = /http\S+\/usage#token=\S+/.exec(printed)?.[0] ?? ''
  const tokenOf = ({ userId, orgKey, role }: Caller) => app.jwt.sign({ sub: userId, orgKey, role }, { expiresIn: '1h' })
  const linkOf = (caller: Caller) => `${origin}/usage#token=${tokenOf(caller)}`
  const usage = async (token: string, query = '') => (await app.inject({
    url: `/api/v1/objects/storage-usage${query}`, headers: { authorization: `Bearer ${token}` },
  })).json()
  const demoToken = demoLink.split('#token=')[1] ?? ''

  const planet = { ...admin, orgKey: 'planet' }
  await countSums(app, planet, [
    { name: 'Satellite mosaics', inputBytes: 318n * GB + 104_729n, outputBytes: 494n * GB + 1_299_709n, fileCount: 18_214n },
    { name: 'Genome alignment', inputBytes: 201n * GB + 7_919n, outputBytes: 88n * GB + 611_953n, fileCount: 2_406n },
    { name: 'Speech transcripts', inputBytes: 96n * GB + 15_485_863n, outputBytes: GB + 1_301n, fileCount: 41_872n },
    { name: 'Customer invoices', inputBytes: 3n * GB + 32_452_843n, outputBytes: 27n * GB + 49_979_687n, fileCount: 96_310n },
    { name: 'Warehouse export', inputBytes: 512_927_357n, outputBytes: 11n * GB + 86_028_121n, fileCount: 364n },
    { name: 'Quarterly sales report', inputBytes: 67_867_967n, outputBytes: 941_083_981n, fileCount: 148n },
  ])
  await rememberDays(app, planet.orgKey, Array.from({ length: 180 }, (_, ago) => ({
    // Grows by the day, and was tidied up once.
    bytes: (1236n - 7n * BigInt(ago) + (ago > 17 ? 190n : 0n)) * GB, isFilled: ago === 12,
  })))
  const reconciledAt = new Date(Date.now() - 39_600_000)
  await app.database.insertInto('reconciliations')
    .values({ prefix: 'planet/', status: 'complete', started_at: reconciledAt, finished_at: reconciledAt }).execute()

  await t.test('the link that `npm start` prints shows the demo organisation\'s figures, each as the API gives it', async (t) => {
    const { page, complaints } = await openAddress(t, browser, demoLink)
    await settled(page)
    const answer = await usage(demoToken)
    t.equal(await page.locator('#organisation').innerText(), 'demo')
    t.ok(answer.totalBytes > 0)
    t.equal(await digits(page, '#total-bytes'), answer.totalBytes)
    t.equal(await digits(page, '#total-files'), answer.fileCount)
    t.equal(await digits(page, '#input-bytes'), answer.inputBytes)
    t.equal(await digits(page, '#output-bytes'), answer.outputBytes)
    t.strictSame(await shownWorkflows(page), answer.breakdown.map((workflow: Record<string, unknown>) =>
      ({ name: workflow.workflowName, files: workflow.fileCount, bytes: workflow.bytes })))
    t.equal(await page.locator('#freshness time').first().getAttribute('datetime'), answer.asOf)
    t.match(await page.locator('#freshness').innerText(), /Not yet compared with the bucket/)
    t.strictSame(complaints, [], 'the browser has nothing to say against the page')
  })

  await t.test('both times that tell how fresh the figures are stand under them', async (t) => {
    const { page } = await openAddress(t, browser, linkOf(planet))
    await settled(page)
    const times = await page.locator('#freshness time').evaluateAll((found) => found.map((time) => time.getAttribute('datetime')))
    t.strictSame(times, [(await usage(tokenOf(planet))).asOf, reconciledAt.toISOString()])
  })

  await t.test('the token is nowhere but in memory', async (t) => {
    const { page } = await openAddress(t, browser, demoLink)
    await settled(page)
    t.equal(page.url(), `${origin}/usage`)
    const kept = await page.evaluate(`(async () => JSON.stringify([
      location.href, history.length, history.state, document.cookie, { ...localStorage }, { ...sessionStorage },
      await indexedDB.databases(), await caches.keys(), document.documentElement.outerHTML,
      [...document.querySelectorAll('input')].map(({ value }) => value),
    ]))()`)
    t.notMatch(kept, demoToken.split('.')[2] ?? '')
    await page.reload()
    await page.locator('#entry').waitFor()
    t.equal(await page.locator('#usage').isVisible(), false, 'it is gone after a reload')
  })

  await t.test('a link with another token takes its place in the open page', async (t) => {
    const { page } = await openAddress(t, browser, demoLink)
    await settled(page)
    await page.evaluate(`location.href = ${JSON.stringify(linkOf(planet))}`)
    await page.locator('#organisation', { hasText: 'planet' }).waitFor()
    t.equal(page.url(), `${origin}/usage`)
  })

  await t.test('all is done by the keyboard alone', async (t) => {
    const { page } = await openAddress(t, browser, `${origin}/usage`)
    const focus = async () => String(await page.evaluate('document.activeElement.id || document.activeElement.textContent'))
    const tabTo = async (name: string) => {
      for (let steps = 0; steps < 20 && await focus() !== name; steps++) await page.keyboard.press('Tab')
      t.equal(await focus(), name)
      t.not(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'none', `the focus on ${name} shows`)
    }
    await page.locator('#entry').waitFor()
    t.equal(await focus(), 'token')
    await page.keyboard.type(`Bearer ${tokenOf(planet)}`)
    await page.keyboard.press('Enter')
    await settled(page)
    t.equal(await focus(), 'heading', 'the focus goes where the figures begin')
    await tabTo('created-by')
    await page.keyboard.type(member.userId)
    await page.keyboard.press('Enter')
    await settled(page)
    t.equal(await digits(page, '#total-bytes'), 0)
    await tabTo('everybody')
    await page.keyboard.press('Enter')
    await settled(page)
    await tabTo('Workflow')
    await page.keyboard.press('Enter')
    t.equal((await shownWorkflows(page))[0]?.name, 'Customer invoices')
    await tabTo('Files')
    await page.keyboard.press('Space')
    t.equal((await shownWorkflows(page))[0]?.files, 96_310)
  })

  await t.test('the table sorts by each column, and says by which', async (t) => {
    const { page } = await openAddress(t, browser, linkOf(planet))
    await settled(page)
    const order = async () => (await shownWorkflows(page)).map(({ name }) => name.split(' ')[0])
    const press = async (column: string) => {
      await page.locator('#workflows').getByRole('button', { name: column }).click()
      return await page.locator('#workflows th', { hasText: column }).first().getAttribute('aria-sort')
    }
    t.strictSame(await order(), ['Satellite', 'Genome', 'Speech', 'Customer', 'Warehouse', 'Quarterly'])
    t.equal(await press('Size'), 'ascending')
    t.strictSame(await order(), ['Quarterly', 'Warehouse', 'Customer', 'Speech', 'Genome', 'Satellite'])
    t.equal(await press('Workflow'), 'ascending')
    t.strictSame(await order(), ['Customer', 'Genome', 'Quarterly', 'Satellite', 'Speech', 'Warehouse'])
    t.equal(await press('Workflow'), 'descending')
    t.strictSame(await order(), ['Warehouse', 'Speech', 'Satellite', 'Quarterly', 'Genome', 'Customer'])
    t.equal(await press('Files'), 'descending')
    t.strictSame(await order(), ['Customer', 'Speech', 'Satellite', 'Genome', 'Warehouse', 'Quarterly'])
    t.equal(await page.locator('#workflows [aria-sort]').count(), 1)
  })

  await t.test('an admin sees one user\'s part, and a wrong id is told before it is sent', async (t) => {
    const { page, complaints } = await openAddress(t, browser, demoLink)
    await settled(page)
    const apply = async (user: string) => {
      await page.fill('#created-by', user)
      await page.getByRole('button', { name: 'Apply' }).click()
    }
    await apply(DEMO_MEMBER.toUpperCase())
    await settled(page)
    const part = await usage(demoToken, `?createdBy=${DEMO_MEMBER}`)
    t.ok(part.totalBytes > 0 && part.totalBytes < (await usage(demoToken)).totalBytes)
    t.equal(await digits(page, '#total-bytes'), part.totalBytes)
    t.equal((await shownWorkflows(page)).length, part.breakdown.length)
    t.equal(await page.locator('#history').isVisible(), false, 'the days are those of the whole organisation')

    await apply('someone')
    t.match(await page.locator('#created-by-error').innerText(), /UUID/)
    t.equal(await page.locator('#created-by').getAttribute('aria-invalid'), 'true')
    t.equal(await digits(page, '#total-bytes'), part.totalBytes)

    await page.getByRole('button', { name: 'Everybody' }).click()
    await settled(page)
    t.equal(await digits(page, '#total-bytes'), (await usage(demoToken)).totalBytes)
    t.equal(await page.locator('#created-by-error').innerText(), '')
    t.strictSame(complaints, [])
  })

  await t.test('a member is offered no filter, and told what is forbidden', async (t) => {
    const { page } = await openAddress(t, browser, linkOf({ ...member, orgKey: planet.orgKey }))
    await settled(page)
    t.equal(await page.locator('#filter').isVisible(), false)
    await page.evaluate('document.getElementById("filter").hidden = false')
    await page.fill('#created-by', admin.userId)
    await page.keyboard.press('Enter')
    await settled(page)
    t.match(await page.locator('[role=alert]').first().innerText(), /Only an admin may ask for another user's usage/)
  })

  await hostileNames(t)
  await sumsAtTheLimit(t)
  await refusals(t)
  await history(t)
  await looks(t)

  async function hostileNames (t: Test) {
    await t.test('names are text, on the page and in the CSV, which has all bytes and counts', async (t) => {
      const owner = { ...admin, orgKey: 'hostile' }
      const names = [
        '<img src=x onerror="document.title=\'ran\'"><script>document.title=\'ran\'</script>',
        '=HYPERLINK("https://evil.example","invoice")',
        'Daily, "fast"',
        `${'long'.repeat(49)} end`,
      ]
      await countSums(app, owner, names.map((name, index) =>
        ({ name, inputBytes: 0n, outputBytes: BigInt(4 - index) * 1_234_567n, fileCount: BigInt(index + 1) })))
      const { page, complaints } = await openAddress(t, browser, linkOf(owner), { viewport: { width: 360, height: 740 } })
      await settled(page)
      t.strictSame((await shownWorkflows(page)).map(({ name }) => name), names)
      t.equal(await page.title(), 'Storage usage of hostile')
      t.equal(await page.locator('main img, main script').count(), 0)
      t.notOk(await overflowsSideways(page))

      const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export CSV' }).click()])
      t.equal(saved.suggestedFilename(), 'storage-usage-hostile.csv')
      const id = (index: number) => `00000000-0000-4000-8000-00000000000${index}`
      t.equal(await readFile(await saved.path(), 'utf8'), [
        'workflowId,workflowName,bytes,fileCount',
        `${id(0)},"<img src=x onerror=""document.title='ran'""><script>document.title='ran'</script>",4938268,1`,
        `${id(1)},"'=HYPERLINK(""https://evil.example"",""invoice"")",3703701,2`,
        `${id(2)},"Daily, ""fast""",2469134,3`,
        `${id(3)},${names[3]},1234567,4`,
        '',
      ].join('\r\n'))
      t.strictSame(complaints, [])
    })
  }

  async function sumsAtTheLimit (t: Test) {
    await t.test('the largest sum that JSON states exactly is shown to the byte, and a larger one is not shown wrongly', async (t) => {
      const owner = { ...admin, orgKey: 'vast' }
      await countSums(app, owner, [{ name: 'Everything', inputBytes: 1n, outputBytes: 2n ** 53n - 2n, fileCount: 2n }])
      const { page } = await openAddress(t, browser, linkOf(owner))
      await settled(page)
      t.equal(await page.locator('#total-size').innerText(), '9.01\u00a0PB')
      t.equal(await page.locator('#total-bytes').innerText(), '9,007,199,254,740,991\u00a0bytes')
      t.equal(await page.locator('#input-share').innerText(), '<0.1%')

      await app.database.updateTable('usage_sums').set({ size_bytes: 2n }).where('org_key', '=', owner.orgKey)
        .where('direction', '=', 'inputs').execute()
      await page.getByRole('button', { name: 'Refresh' }).click()
      await settled(page)
      t.match(await page.locator('#message-text').innerText(), /exceeds 2\^53-1.*The figures below are from before/)
      t.ok(await page.locator('#retry').isVisible())
    })
  }

  async function refusals (t: Test) {
    const entryMessage = async (page: Page) => {
      await page.locator('#entry').waitFor()
      return await page.locator('#message-text').innerText()
    }
    await t.test('a token that is none, wrong or expired is refused with the reason', async (t) => {
      const { page } = await openAddress(t, browser, `${origin}/usage#token=nonsense%20nonsense`)
      t.match(await entryMessage(page), /not a token/)
      t.equal(page.url(), `${origin}/usage`)
      for (const [token, reason] of [
        [[...demoToken.split('.').slice(0, 2), tokenOf(planet).split('.')[2]].join('.'), /The bearer token is not valid/],
        [app.jwt.sign({ sub: admin.userId, orgKey: 'demo', role: 'admin', exp: 1_000_000_000 }), /it has expired/],
        ['nonsense', /cannot be verified/],
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

    await t.test('without a connection the page says so, and goes on by itself when it is back', async (t) => {
      const { page } = await openAddress(t, browser, linkOf(planet))
      await settled(page)
      await page.context().setOffline(true)
      await page.getByRole('button', { name: 'Refresh' }).click()
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
  }

  async function history (t: Test) {
    await t.test('the days are drawn, read out and told as a table', async (t) => {
      const { page, complaints } = await openAddress(t, browser, linkOf(planet))
      await settled(page)
      const canvas = page.locator('#history-chart canvas')
      t.equal(await canvas.count(), 1)
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
      await page.locator('#history-rows tr').nth(89).waitFor()
      t.equal(await page.locator('#history-rows tr').count(), 90)
      t.strictSame(complaints, [])
    })

    await t.test('with today alone there is a word in place of a line', async (t) => {
      const { page, complaints } = await openAddress(t, browser, 'about:blank')
      // Counted back from then, the first day is today.
      await page.clock.setFixedTime(Date.now() + 29 * 86_400_000)
      await page.goto(linkOf(planet))
      await settled(page)
      t.match(await page.locator('#history-empty').innerText(), /begins tomorrow/)
      t.equal(await page.locator('#history-chart').isVisible(), false)
      t.strictSame(complaints, [])
    })

    await t.test('an organisation without files is told so', async (t) => {
      const { page, complaints } = await openAddress(t, browser, linkOf({ ...admin, orgKey: 'nobody' }))
      await settled(page)
      t.equal(await page.locator('#total-bytes').innerText(), '0\u00a0bytes')
      t.match(await page.locator('#freshness').innerText(), /No file was ever counted/)
      t.match(await page.locator('#workflows-empty').innerText(), /No workflow/)
      t.ok(await page.getByRole('button', { name: 'Export CSV' }).isDisabled())
      t.strictSame(complaints, [])
    })
  }

  async function looks (t: Test) {
    for (const [name, options] of [
      ['light', { colorScheme: 'light' }],
      ['dark', { colorScheme: 'dark' }],
      ['phone', { colorScheme: 'light', viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }],
      ['dark-phone', { colorScheme: 'dark', viewport: { width: 360, height: 740 }, reducedMotion: 'reduce' }],
    ] as const) {
      await t.test(`axe-core finds nothing wrong, ${name}`, async (t) => {
        const { page, complaints } = await openAddress(t, browser, `${origin}/usage`, options)
        await page.locator('#entry').waitFor()
        await page.screenshot({ path: picture(`${name}-entry`), fullPage: true })
        t.strictSame(await violations(page), [])
        await page.fill('#token', tokenOf(planet))
        await page.keyboard.press('Enter')
        await settled(page)
        t.strictSame(await violations(page), [])
        t.notOk(await overflowsSideways(page))
        await page.screenshot({ path: picture(name), fullPage: true })
        await page.getByText('Figures by day').click()
        await page.fill('#created-by', 'nobody')
        await page.keyboard.press('Enter')
        t.strictSame(await violations(page), [], 'with all that can be open')
        t.notOk(await overflowsSideways(page))
        t.strictSame(complaints, [])
        const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor')
        t.equal(ground, name.startsWith('dark') ? 'rgb(19, 21, 23)' : 'rgb(255, 255, 255)')
      })
    }
  }
})
