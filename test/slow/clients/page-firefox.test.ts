import { readFile } from 'node:fs/promises'
import t from 'tap'
import { type Caller } from '../../../schemas/token-claims.js'
import { readZip } from '../../support/archives.js'
import { admin, startService } from '../../support/service.js'
import { launchFirefox, withoutFirefox } from './firefox.js'
import { digits, openAddress, overflowsSideways, settled, violations } from './opened-page.js'

const TEXT = 'the text of the file\n'
const TABLE = 'name,count\n"a, b",1\n'
const FILES = [
  { name: 'ü €.txt', mimeType: 'text/plain', buffer: Buffer.from(TEXT) },
  { name: 'table.csv', mimeType: 'text/csv', buffer: Buffer.from(TABLE) },
]
const BYTES = FILES.reduce((sum, { buffer }) => sum + buffer.length, 0)

t.test('the page in Firefox', { skip: withoutFirefox }, async (t) => {
  const browser = await launchFirefox(t)
  const { app } = await startService(t)
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const tokenOf = ({ userId, orgKey, roles: [role] }: Caller) => app.jwt.sign({ sub: userId, orgKey, role }, { expiresIn: '1h' })

  await t.test('does the whole job: files are put, seen, saved, shared and deleted, and the usage moves', async (t) => {
    const { page, complaints } = await openAddress(t, browser, `${origin}/app#token=${tokenOf(admin)}`)
    await settled(page)
    t.equal(page.url(), `${origin}/app`, 'the token is not left in the address')
    t.equal(await digits(page, '#total-bytes'), 0)
    await page.getByRole('link', { name: 'New workflow' }).click()
    await page.getByRole('link', { name: 'New run' }).click()
    await page.getByText('No files yet').waitFor()

    await t.test('files are put, and the usage moves', async (t) => {
      const run = page.url()
      await page.locator('#upload-files').setInputFiles(FILES)
      await page.locator('#uploads-progress', { hasText: '2\u00a0files uploaded' }).waitFor()
      await page.getByRole('button', { name: 'Dismiss' }).click()
      await page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name: 'Overview' }).click()
      await page.locator('#total-files', { hasText: /^2.files$/ }).waitFor()
      t.equal(await digits(page, '#total-bytes'), BYTES)
      t.strictSame(await violations(page), [])
      t.notOk(await overflowsSideways(page))
      await page.goto(run)
      await page.locator('#files[aria-rowcount="3"]').waitFor()
    })

    await t.test('files that are dropped, and those of a folder that is chosen, go to the folder that is open', async (t) => {
      const run = page.url()
      await page.goto(`${run}results/`)
      await page.getByText('This folder has no files.').waitFor()
      const dropped = await page.evaluateHandle(`(() => {
        const data = new DataTransfer()
        data.items.add(new File(['dropped'], 'dropped.txt', { type: 'text/plain' }))
        return data
      })()`)
      await page.dispatchEvent('.drop-zone', 'dragover', { dataTransfer: dropped })
      await page.getByText('Drop files and folders here').waitFor({ state: 'attached' })
      await page.dispatchEvent('.drop-zone', 'drop', { dataTransfer: dropped })
      await page.getByRole('link', { name: 'dropped.txt' }).waitFor()

      // WebDriver BiDi chooses no folders: input.setFiles takes files alone. They get the paths that Firefox would give them.
      t.equal(await page.locator('#upload-folder').evaluate((field: { webkitdirectory: boolean }) => field.webkitdirectory), true)
      await page.evaluate(`(() => {
        const data = new DataTransfer()
        for (const path of ['plots/deep/a.txt', 'plots/b.txt']) data.items.add(new File([path], path.split('/').at(-1), { type: 'text/plain' }))
        const field = document.querySelector('#upload-folder')
        field.files = data.files
        for (const [index, path] of ['plots/deep/a.txt', 'plots/b.txt'].entries()) {
          Object.defineProperty(field.files[index], 'webkitRelativePath', { value: path })
        }
        field.dispatchEvent(new Event('change'))
      })()`)
      await page.locator('#uploads-progress', { hasText: '3\u00a0files uploaded' }).waitFor()
      await page.getByRole('link', { name: 'plots' }).click()
      await page.getByRole('link', { name: 'b.txt' }).waitFor()
      await page.getByRole('link', { name: 'deep' }).click()
      await page.getByRole('link', { name: 'a.txt' }).click()
      await page.locator('.preview-text', { hasText: 'plots/deep/a.txt' }).waitFor()
      t.strictSame(await violations(page), [])

      await page.getByRole('button', { name: 'Dismiss' }).click()
      await page.goto(run)
      await page.getByRole('checkbox', { name: 'Select results' }).check()
      await page.getByRole('button', { name: 'Delete' }).click()
      await page.getByRole('button', { name: /^Delete 3.files$/ }).click()
      await page.locator('#files[aria-rowcount="3"]').waitFor()
    })

    await t.test('each is shown beside the list', async (t) => {
      await page.getByRole('link', { name: 'table.csv' }).click()
      await page.locator('.preview-table td', { hasText: 'a, b' }).waitFor()
      await page.getByRole('link', { name: 'ü €.txt' }).click()
      await page.locator('.preview-text', { hasText: TEXT.trim() }).waitFor()
      t.ok(page.url().endsWith('/%C3%BC%20%E2%82%AC.txt'))
      t.strictSame(await violations(page), [])
      await page.reload()
      await page.locator('.preview-text', { hasText: TEXT.trim() }).waitFor()
    })

    await t.test('one is saved under its name, and both as an archive', async (t) => {
      const savedBy = async (press: () => Promise<void>) => {
        const [saved] = await Promise.all([page.waitForEvent('download'), press()])
        return { name: saved.suggestedFilename(), body: await readFile(await saved.path()) }
      }
      const file = await savedBy(() => page.getByRole('link', { name: 'Download', exact: true }).click())
      t.strictSame([file.name, String(file.body)], ['ü €.txt', TEXT])
      await page.getByRole('link', { name: 'Back to the list' }).click()
      const archive = await savedBy(() => page.getByRole('button', { name: 'Download all as ZIP' }).click())
      t.match(archive.name, /\.zip$/)
      t.strictSame([...readZip(archive.body).keys()].toSorted(), FILES.map(({ name }) => name).toSorted())
    })

    await t.test('a link opens for someone else, until it is revoked', async (t) => {
      await page.getByRole('button', { name: 'Share' }).click()
      await page.getByLabel('Note').fill('For the auditors')
      await page.getByRole('button', { name: 'Create link' }).click()
      const shared = await page.getByLabel('The link').inputValue()
      await page.keyboard.press('Escape')
      const visitor = await openAddress(t, browser, shared)
      t.match(await visitor.page.locator('body').innerText(), /table\.csv/)
      await page.getByRole('link', { name: 'Share links' }).click()
      const row = page.locator('#links tr', { hasText: 'For the auditors' })
      await row.getByRole('button', { name: /^Revoke the link to a run/ }).click()
      await page.locator('dialog').getByRole('button', { name: 'Revoke' }).click()
      await row.locator('td', { hasText: 'revoked' }).waitFor()
      await page.goBack()
      await page.locator('#files').waitFor()
    })

    await t.test('what is selected is deleted', async () => {
      await page.getByRole('checkbox', { name: 'Select everything' }).check()
      await page.getByRole('button', { name: 'Delete' }).click()
      await page.getByRole('button', { name: /^Delete 2.files$/ }).click()
      await page.getByText('No files yet').waitFor()
    })

    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.locator('#entry').waitFor()
    await page.reload()
    await page.locator('#entry').waitFor()
    t.strictSame(complaints, [])

    await t.test('what its policy forbids would have been told', async () => {
      const told = page.waitForEvent('console', (message) => message.text().startsWith('The policy forbids style-src'))
      await page.evaluate('document.body.setAttribute("style", "color: red")')
      await told
    })
  })
})
