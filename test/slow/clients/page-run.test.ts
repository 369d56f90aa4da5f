import t from 'tap'
import { mintObjectKey } from '../../../objects/object-key.js'
import { admin, runId, startService, workflowId } from '../../support/service.js'
import { launchChromium, withoutChromium } from './chromium.js'
import { openAddress, settled } from './opened-page.js'

/** More than the service lists at once. */
const MANY = 130
const LONG_RUN = '9b2d6c1e-5d3f-4c8a-8b1d-000000000001'

t.test('the page of a run in Chromium', { skip: withoutChromium }, async (t) => {
  const browser = await launchChromium(t)
  const { app, putFile, authorise } = await startService(t)
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const token = authorise(admin).authorization.replace('Bearer ', '')
  const open = async (run: string) => {
    const opened = await openAddress(t, browser, `${origin}/app/workflows/${workflowId}/runs/${run}/#token=${token}`)
    await settled(opened.page)
    return opened
  }
  const put = async (run: string, path: string, sizeBytes: number) => {
    const { orgKey, userId: createdBy } = admin
    await putFile('x'.repeat(sizeBytes), {
      objectKey: mintObjectKey({ orgKey, createdBy, workflowId, runId: run, direction: 'outputs', path }),
    })
  }
  for (const [path, sizeBytes] of [['b.txt', 3], ['a.txt', 10], ['plots/x.txt', 5], ['plots/deep/y.txt', 7], ['zz.txt', 20]] as const) {
    await put(runId, path, sizeBytes)
  }
  await Promise.all(Array.from({ length: MANY }, (_, index) => put(LONG_RUN, `${String(index).padStart(3, '0')}.txt`, 2)))
  await app.bucketEvents.settled()

  await t.test('its heading says what is in it, and in a folder what is in that', async (t) => {
    const { page, complaints } = await open(runId)
    await page.locator('#sum', { hasText: /^5.files, 45.B$/ }).waitFor()
    t.equal(await page.locator('#sum span').getAttribute('title'), '45\u00a0bytes')
    await page.fill('#beginning', 'pl')
    await page.locator('#files[aria-rowcount="2"]').waitFor()
    t.match(await page.locator('#sum').innerText(), /^5.files, 45.B$/, 'whatever is looked for')
    await page.getByRole('link', { name: 'plots' }).click()
    await page.locator('#sum', { hasText: /^2.files, 12.B$/ }).waitFor()
    t.equal(await page.inputValue('#beginning'), '', 'nothing is looked for in the folder')
    t.strictSame(complaints, [])
  })

  await t.test('what is in it is sorted by name, time and size', async (t) => {
    const { page, complaints } = await open(runId)
    await page.locator('#sum').waitFor()
    const names = () => page.locator('#files .file-name').evaluateAll((links) => links.map((link) => link.getAttribute('title')))
    const press = async (column: string) => {
      await page.locator('#files').getByRole('button', { name: column }).click()
      return await page.locator('#files th', { hasText: column }).first().getAttribute('aria-sort')
    }
    t.strictSame(await names(), ['plots', 'a.txt', 'b.txt', 'zz.txt'])
    t.equal(await press('Size'), 'descending')
    t.strictSame(await names(), ['zz.txt', 'plots', 'a.txt', 'b.txt'])
    t.equal(await press('Size'), 'ascending')
    t.strictSame(await names(), ['b.txt', 'a.txt', 'plots', 'zz.txt'])
    t.equal(await press('Name'), 'ascending')
    t.equal(await press('Name'), 'descending')
    t.strictSame(await names(), ['zz.txt', 'b.txt', 'a.txt', 'plots'])
    t.equal(await press('Stored'), 'descending')
    t.equal((await names()).at(-1), 'plots', 'a folder has no time')
    t.strictSame(complaints, [])
  })

  await t.test('one with more files than are read at once says what is in it, too, and is sorted once all are there', async (t) => {
    const { page, complaints } = await open(LONG_RUN)
    await page.locator('#sum', { hasText: new RegExp(`^${MANY}.files, ${2 * MANY}.B$`) }).waitFor()
    t.equal(await page.locator('#files').getAttribute('aria-rowcount'), '-1')
    t.equal(await page.locator('#files .sort').count(), 0)
    await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)')
    await page.locator(`#files[aria-rowcount="${MANY + 1}"]`).waitFor()
    await page.locator('#files').getByRole('button', { name: 'Name' }).click()
    await page.evaluate('scrollTo(0, 0)')
    await page.locator('#files [aria-rowindex="2"]', { hasText: `${MANY - 1}.txt` }).waitFor()
    t.match(await page.locator('#sum').innerText(), new RegExp(`^${MANY}.files`))
    t.strictSame(complaints, [])
  })
})
