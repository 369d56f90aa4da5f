import { readFile } from 'node:fs/promises'
import t from 'tap'
import { DEMO_MEMBER } from '../../../embedded/demo/organisation.js'
import { admin, member } from '../../support/service.js'
import { launchChromium, withoutChromium } from './chromium.js'
import { digits, openAddress, overflowsSideways, settled, shownWorkflows, violations } from './opened-page.js'
import { countSums, startUsageService } from './usage-service.js'

t.test('the usage page in Chromium', { skip: withoutChromium }, async (t) => {
  const browser = await launchChromium(t)
  const { app, origin, demoLink, demoToken, planet, reconciledAt, tokenOf, linkOf, usage } = await startUsageService(t)

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
    t.strictSame(await shownWorkflows(page), answer.breakdown.map(({ workflowName, fileCount, bytes }) =>
      ({ name: workflowName, files: fileCount, bytes })))
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

  await t.test('a newest event that took long to arrive is told by how long, in the organisation that it is of, until one comes in time', async (t) => {
    const late = { ...admin, orgKey: 'late' }
    await countSums(app, late, [{ name: 'Everything', inputBytes: 1n, outputBytes: 1n, fileCount: 2n }])
    const setTimes = async (happenedAt: Date, countedAt: Date | null) => {
      await app.database.updateTable('usage_sums').set({ newest_event_at: happenedAt, newest_event_counted_at: countedAt })
        .where('org_key', '=', late.orgKey).execute()
    }
    const happenedAt = new Date('2026-01-31T12:00:00.000Z')
    await setTimes(happenedAt, new Date('2026-01-31T15:30:00.000Z'))
    const { page, complaints } = await openAddress(t, browser, linkOf(late))
    await settled(page)
    t.equal(await page.locator('#freshness').innerText(), 'Counts every event up to 31 Jan 2026, 12:00:00. ' +
      'The newest event took 3 hours to arrive: newer changes may not be counted yet. Not yet compared with the bucket.')
    t.strictSame(await violations(page), [])
    await page.emulateMedia({ colorScheme: 'dark' })
    t.strictSame(await violations(page), [], 'the warning can be read in the dark, too')
    const refreshed = async () => {
      await page.getByRole('button', { name: 'Refresh' }).click()
      await settled(page)
      return await page.locator('#freshness .late').count()
    }
    for (const countedAt of [null, happenedAt, new Date('2026-01-31T12:01:00.000Z')]) {
      await setTimes(happenedAt, countedAt)
      t.equal(await refreshed(), 0, `counted at ${countedAt?.toISOString()}`)
    }
    await setTimes(happenedAt, new Date('2026-01-31T12:01:01.000Z'))
    t.equal(await refreshed(), 1)
    await page.evaluate(`location.href = ${JSON.stringify(linkOf(planet))}`)
    await page.locator('#organisation', { hasText: 'planet' }).waitFor()
    t.equal(await page.locator('#freshness .late').count(), 0)
    t.strictSame(complaints, [])
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
    const signature = demoToken.split('.')[2] ?? ''
    t.notMatch(kept, signature)
    // Going back, or opening the browser's history, must not reveal it either.
    const { entries } = await (await page.context().newCDPSession(page)).send('Page.getNavigationHistory')
    t.strictSame(entries.map(({ url }) => url).filter((url) => url.includes(signature)), [])
    t.equal(entries.at(-1)?.url, `${origin}/usage`)
    t.equal(await page.evaluate('history.length'), entries.length)
    await page.reload()
    await page.locator('#entry').waitFor()
    t.equal(await page.locator('#usage').isVisible(), false, 'it is gone after a reload')
  })

  await t.test('what a token says about roles decides who may be an admin', async (t) => {
    const { page } = await openAddress(t, browser, `${origin}/usage`)
    for (const [role, expected] of [
      ['admin', true], ['member', false], [['member', 'admin'], true], [['member', 'offline_access'], false], [['Everyone', 'Files Admins'], true],
      [undefined, true],
    ] as const) {
      const token = app.jwt.sign({ role })
      t.equal(await page.evaluate(`import('/usage/token.js').then(({ mayBeAdmin }) => mayBeAdmin('${token}'))`), expected, JSON.stringify(role))
    }
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
})
