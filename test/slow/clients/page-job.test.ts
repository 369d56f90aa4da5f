import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { type Caller } from '../../../schemas/token-claims.js'
import { readZip } from '../../support/archives.js'
import { member, startService } from '../../support/service.js'
import { launchChromium, withoutChromium } from './chromium.js'
import { digits, openAddress, settled, violations } from './opened-page.js'

const FILES = [
  { path: 'plots/a.png', body: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64') },
  { path: 'plots/2026/ü €.txt', body: Buffer.from('the text of the file\n') },
  { path: 'table.csv', body: Buffer.from('name,count\n"a, b",1\n') },
  { path: 'page.html', body: Buffer.from('<h1>Report</h1><script>parent.document.title="ran"</script>') },
]
const BYTES = FILES.reduce((sum, { body }) => sum + body.length, 0)

async function makeFolder (t: Test): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'objects-storage-page-'))
  t.teardown(() => rm(parent, { recursive: true, force: true }))
  for (const { path, body } of FILES) {
    await mkdir(join(parent, 'results', path, '..'), { recursive: true })
    await writeFile(join(parent, 'results', path), body)
  }
  return join(parent, 'results')
}

/** Resolves once the picture of a preview has loaded. */
async function waitForPicture (page: Page): Promise<void> {
  await page.locator('.preview img').waitFor()
  await page.evaluate('document.querySelector(".preview img").decode()')
}

/** Resolves once the page shows a number of entries. */
async function waitForEntries (page: Page, count: number): Promise<void> {
  await page.locator(`#files[aria-rowcount="${count + 1}"]`).waitFor()
}

t.test('the page in Chromium', { skip: withoutChromium }, async (t) => {
  const browser = await launchChromium(t)
  const { app } = await startService(t)
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const tokenOf = ({ userId, orgKey, roles: [role] }: Caller) => app.jwt.sign({ sub: userId, orgKey, role }, { expiresIn: '1h' })
  const linkOf = (caller: Caller, place = '') => `${origin}/app${place}#token=${tokenOf(caller)}`

  await t.test('does the whole job: a folder is put, seen, shared and deleted, and the usage moves', async (t) => {
    const folder = await makeFolder(t)
    const { page, complaints } = await openAddress(t, browser, linkOf(member))
    await settled(page)
    t.equal(await digits(page, '#total-bytes'), 0)

    await page.getByRole('link', { name: 'New workflow' }).click()
    await page.getByRole('link', { name: 'New run' }).click()
    await page.getByText('No files yet').waitFor()
    t.strictSame(await violations(page), [])
    await page.locator('#upload-folder').setInputFiles(folder)
    await page.locator('#uploads-progress', { hasText: '4\u00a0files uploaded' }).waitFor()
    await page.getByRole('link', { name: 'results' }).click()
    await waitForEntries(page, 3)
    t.strictSame(await violations(page), [])
    const folderAddress = page.url()

    await t.test('each kind of file is shown beside the list', async (t) => {
      await page.getByRole('link', { name: 'table.csv' }).click()
      await page.locator('.preview-table td', { hasText: 'a, b' }).waitFor()
      await page.getByRole('link', { name: 'page.html' }).click()
      const frame = page.frameLocator('iframe[sandbox=""]')
      await frame.locator('h1', { hasText: 'Report' }).waitFor()
      t.not(await page.title(), 'ran')
      await page.getByRole('link', { name: 'plots' }).click()
      await page.getByRole('link', { name: 'a.png' }).click()
      await waitForPicture(page)
      await page.getByRole('link', { name: '2026' }).click()
      await page.getByRole('link', { name: 'ü €.txt' }).click()
      await page.locator('.preview-text', { hasText: 'the text of the file' }).waitFor()
      t.strictSame(await violations(page), [])
    })

    await t.test('back, forward and reload lead to where one was', async (t) => {
      t.ok(page.url().endsWith('/results/plots/2026/%C3%BC%20%E2%82%AC.txt'))
      await page.reload()
      await page.locator('.preview-text', { hasText: 'the text of the file' }).waitFor()
      await page.goBack()
      await page.goBack()
      await waitForPicture(page)
      await page.goForward()
      await page.getByRole('link', { name: 'ü €.txt' }).waitFor()
    })

    await t.test('a file is saved under its name', async (t) => {
      await page.goto(`${folderAddress}table.csv`)
      const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download', exact: true }).click()])
      t.equal(saved.suggestedFilename(), 'table.csv')
    })

    let shared = ''
    await t.test('a link with an end opens for someone else, until it is revoked', async (t) => {
      await page.goto(folderAddress)
      await waitForEntries(page, 3)
      await page.getByRole('button', { name: 'Share' }).click()
      t.strictSame(await violations(page), [])
      await page.getByLabel('Ends in').selectOption('1 hour')
      await page.getByLabel('Note').fill('For the auditors')
      await page.getByRole('button', { name: 'Create link' }).click()
      shared = await page.getByLabel('The link').inputValue()
      await page.keyboard.press('Escape')
      const visitor = await openAddress(t, browser, shared)
      t.match(await visitor.page.locator('body').innerText(), /table\.csv/)

      await page.getByRole('link', { name: 'Share links' }).click()
      await page.getByText('For the auditors').waitFor()
      t.strictSame(await violations(page), [])
      await page.getByRole('button', { name: /^Revoke the link to a folder/ }).click()
      await page.locator('dialog').getByRole('button', { name: 'Revoke' }).click()
      await page.locator('#links td', { hasText: 'revoked' }).waitFor()
      await visitor.page.reload()
      t.notMatch(await visitor.page.locator('body').innerText(), /table\.csv/)
    })

    await t.test('a member sees their own part beside the whole', async (t) => {
      await page.getByRole('link', { name: 'Overview' }).click()
      await page.locator('#own-part', { hasText: 'files, 100% of' }).waitFor()
      t.equal(await digits(page, '#total-bytes'), BYTES)
    })

    await t.test('a folder, and what is selected in it, are saved as archives', async (t) => {
      await page.goto(folderAddress)
      await waitForEntries(page, 3)
      const savedBy = async (button: string) => {
        const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: button, exact: true }).click()])
        t.match(saved.suggestedFilename(), /\.zip$/)
        return [...readZip(await readFile(await saved.path())).keys()]
      }
      const whole = await savedBy('Download all as ZIP')
      t.equal(whole.length, 4)
      t.ok(whole.every((name) => name.startsWith('results/')))
      await page.getByLabel('Select table.csv').check()
      await page.getByLabel('Select page.html').check()
      t.strictSame(await savedBy('Download as ZIP'), ['results/page.html', 'results/table.csv'])
      t.strictSame(await violations(page), [])
      await page.getByRole('link', { name: 'Share links' }).click()
      await page.locator('#links').waitFor()
      t.strictSame(await page.locator('#links .file-name').allInnerTexts(), ['Archive of 2\u00a0files', 'Archive of results/', 'For the auditors'])
    })

    await t.test('files that are dropped on a folder go there', async () => {
      await page.goto(`${folderAddress}plots/`)
      await waitForEntries(page, 2)
      const dropped = await page.evaluateHandle(`(() => {
        const data = new DataTransfer()
        data.items.add(new File(['dropped text'], 'dropped.txt', { type: 'text/plain' }))
        return data
      })()`)
      await page.dispatchEvent('.drop-zone', 'dragover', { dataTransfer: dropped })
      await page.getByText('Drop files and folders here').waitFor({ state: 'attached' })
      await page.dispatchEvent('.drop-zone', 'drop', { dataTransfer: dropped })
      await page.getByRole('link', { name: 'dropped.txt' }).click()
      await page.locator('.preview-text', { hasText: 'dropped text' }).waitFor()
      await page.getByRole('button', { name: 'Delete' }).click()
      await page.getByRole('button', { name: /^Delete 1.file$/ }).click()
      await waitForEntries(page, 2)
      await page.waitForURL(/\/plots\/$/)
    })

    await t.test('of two files with one path, each is shown', async (t) => {
      await page.goto(`${folderAddress}plots/2026/`)
      await page.locator('#upload-files').setInputFiles({ name: 'ü €.txt', mimeType: 'text/plain', buffer: Buffer.from('another text') })
      await waitForEntries(page, 2)
      const texts: string[] = []
      for (const place of [0, 1]) {
        await page.getByRole('link', { name: 'ü €.txt' }).nth(place).click()
        await page.locator('.marked').nth(0).waitFor()
        texts.push(await page.locator('.preview-text', { hasText: place === 0 ? /text/ : new RegExp(texts[0] === 'another text' ? 'the text' : 'another') }).innerText())
      }
      t.same(new Set(texts.map((text) => text.trim())), new Set(['the text of the file', 'another text']))
      const another = texts.indexOf('another text')
      await page.getByRole('link', { name: 'ü €.txt' }).nth(another).click()
      await page.locator('.preview-text', { hasText: 'another' }).waitFor()
      await page.getByRole('button', { name: 'Delete' }).click()
      await page.getByRole('button', { name: /^Delete 1.file$/ }).click()
      await waitForEntries(page, 1)
    })

    await t.test('a selection is deleted once its files and bytes are confirmed', async (t) => {
      await page.goto(folderAddress)
      await waitForEntries(page, 3)
      await page.getByRole('checkbox', { name: 'Select plots' }).check()
      await page.getByRole('checkbox', { name: 'Select table.csv' }).check()
      await page.getByRole('button', { name: 'Delete' }).click()
      const expected = FILES.filter(({ path }) => path !== 'page.html')
      await page.locator('#deletion-what').waitFor()
      t.match(await page.locator('#deletion-what').innerText(), new RegExp(`^3.files, ${expected.reduce((sum, { body }) => sum + body.length, 0)}.bytes`))
      t.match(await page.locator('dialog').innerText(), /results\/plots\/a\.png/)
      t.strictSame(await violations(page), [])
      await page.getByRole('button', { name: /^Delete 3.files$/ }).click()
      await waitForEntries(page, 1)
      await page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name: 'Overview' }).click()
      await page.locator('#total-files', { hasText: /^1.file$/ }).waitFor()
    })
    // What the report in the frame tried.
    t.strictSame(complaints.filter((complaint) => !complaint.startsWith('Blocked script execution')), [])
  })
})
