import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext } from 'playwright-core'
import t, { type Test } from 'tap'
import { demoFiles } from '../../../embedded/demo/files.js'
import { mintObjectKey, parseObjectKey } from '../../../objects/object-key.js'
import { catalogueFiles } from '../../support/catalogued-files.js'
import { member, runId, startService, workflowId } from '../../support/service.js'
import { openChromiumProfile, withoutChromium } from './chromium.js'
import { violations } from './opened-page.js'

/** Whether a text is in any file of a folder, as UTF-8 or UTF-16. */
async function holds (folder: string, text: string): Promise<boolean> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const bytes = await readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0))
    if (bytes.includes(text) || bytes.includes(Buffer.from(text, 'utf16le'))) return true
  }
  return false
}

for (const mode of ['stream', 'redirect'] as const) {
  t.test(`a shared run in Chromium, SHARE_MODE=${mode}`, { skip: withoutChromium }, async (t) => {
    const { app, authorise, putFile } = await startService(t, { SHARE_MODE: mode })
    const origin = await app.listen({ host: '127.0.0.1', port: 0 })
    const files = Object.values(demoFiles()).map((file) => ({
      ...file,
      objectKey: mintObjectKey({
        orgKey: member.orgKey, workflowId, runId, createdBy: member.userId, direction: 'outputs', path: file.fileName,
      }),
    }))
    for (const { body, ...file } of files) await putFile(body, file)
    const eventTime = new Date()
    await catalogueFiles(app.database, files.map(({ objectKey, body }) => ({ objectKey, sizeBytes: body.length, eventTime })))
    const headers = authorise(member)
    const share = async (payload: object) => {
      const answer = await app.inject({
        method: 'POST', url: '/api/v1/objects/shares', headers, payload: { workflowId, runId, ...payload },
      })
      return origin + new URL(answer.json().url).pathname
    }
    const secrets = [headers.authorization, ...files.map(({ objectKey }) => parseObjectKey(objectKey)?.token ?? '')]

    const profile = await mkdtemp(join(tmpdir(), 'objects-storage-chromium-'))
    t.teardown(() => rm(profile, { recursive: true, force: true }))
    const context = await openChromiumProfile(profile)
    const sent: Array<Record<string, string>> = []
    context.on('request', (request) => { request.allHeaders().then((all) => { sent.push(all) }, () => {}) })
    await saveEach(t, context, await share({}), files)
    if (mode === 'stream') await showEach(t, context, await share({ type: 'inline' }))

    const [page] = context.pages()
    const shown = await page?.content() ?? ''
    t.match(shown, 'Shared files')
    for (const secret of secrets) t.notOk(shown.includes(secret), 'the page holds no key and no token')
    t.ok(sent.length > files.length)
    t.notOk(sent.some(({ referer = '' }) => referer !== ''), 'no address is passed on')
    await context.close()
    if (mode === 'stream') {
      t.ok(await holds(profile, '/api/v1/objects/shared/'), 'the browser remembers where it was')
      for (const secret of secrets) t.notOk(await holds(profile, secret), 'and no key or token, in its history or anywhere else')
    } else {
      const remembered = await Promise.all(secrets.map(async (secret) => await holds(profile, secret)))
      t.comment(`the browser keeps ${remembered.filter(Boolean).length} keys, as SECURITY.md says of redirects`)
    }
  })
}

/** Each kind of file is saved under its name, whole. */
async function saveEach (
  t: Test, context: BrowserContext, url: string, files: ReadonlyArray<{ fileName: string, body: Buffer }>,
) {
  const page = context.pages()[0] ?? await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => { complaints.push(message.text()) })
  await page.goto(url)
  t.strictSame(await violations(page), [], 'it can be used by everyone')
  const names = await page.locator('tbody a').allInnerTexts()
  t.strictSame(names.toSorted(), files.map(({ fileName }) => fileName).toSorted())
  for (const { fileName, body } of files) {
    const started = page.waitForEvent('download')
    await page.getByRole('link', { name: fileName, exact: true }).click()
    const download = await started
    t.equal(download.suggestedFilename(), fileName)
    t.ok(body.equals(await readFile(await download.path())), fileName)
  }
  t.strictSame(complaints, [])
}

/** Each file is shown at the address of its link, or saved where the browser cannot show it. */
async function showEach (t: Test, context: BrowserContext, url: string) {
  const page = await context.newPage()
  await page.goto(url)
  const links = await page.locator('tbody a').evaluateAll((anchors) => anchors.map((anchor) => String(Object(anchor).href)))
  for (const link of links) {
    t.match(link, /\/shared\/[\w-]+$/)
    await page.goto(link).catch((error: unknown) => { t.match(String(error), /Download is starting|net::ERR_ABORTED/) })
    t.notMatch(page.url(), 'objectKey')
  }
  await page.close()
}
