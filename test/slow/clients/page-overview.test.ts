import { readFile } from 'node:fs/promises'
import t from 'tap'
import { admin } from '../../support/service.js'
import { launchChromium, withoutChromium } from './chromium.js'
import { digits, openAddress, overflowsSideways, settled, shownWorkflows, violations } from './opened-page.js'
import { countSums, startUsageService } from './usage-service.js'

t.test('the page\'s overview in Chromium', { skip: withoutChromium }, async (t) => {
  const browser = await launchChromium(t)
  const { app, demoLink, demoToken, planet, reconciledAt, tokenOf, linkOf, usage } = await startUsageService(t)

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
    t.equal(await page.title(), 'Overview · hostile · Files and storage')
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
    t.match(await page.locator('#main > .message .message-text').innerText(), /exceeds 2\^53-1.*What is shown below may be out of date/)
    t.ok(await page.getByRole('button', { name: 'Try again' }).first().isVisible())
  })
})
