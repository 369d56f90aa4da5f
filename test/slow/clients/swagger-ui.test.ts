import { mkdir } from 'node:fs/promises'
import type { Locator } from 'playwright-core'
import t from 'tap'
import { VERSION } from '../../../schemas/version.js'
import { startService } from '../../support/service.js'
import { launchChromium, withoutChromium } from './chromium.js'
import { openAddress } from './opened-page.js'

const pictures = new URL('../../../test-output/swagger-ui/', import.meta.url)

t.test('Swagger UI in Chromium', { skip: withoutChromium }, async (t) => {
  await mkdir(pictures, { recursive: true })
  const browser = await launchChromium(t)
  const { app } = await startService(t)
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const printed = await app.introduce(origin)
  const token = /Bearer (\S+)'/.exec(printed)?.[1] ?? ''
  const objectKey = new URL(/http\S+\/download\?objectKey=\S+/.exec(printed)?.[0] ?? '').searchParams.get('objectKey') ?? ''
  const address = /http\S+\/documentation/.exec(printed)?.[0] ?? ''

  const { page, complaints } = await openAddress(t, browser, address, { viewport: { width: 1280, height: 1100 } })
  /** Opens an operation and executes it; returns what is shown of the answer. */
  const execute = async (operation: Locator, fill = async () => {}) => {
    await operation.locator('.opblock-summary-control').click()
    await fill()
    await operation.getByRole('button', { name: 'Execute' }).click()
    const answer = operation.locator('.live-responses-table')
    await answer.locator('.response-col_status').first().waitFor()
    return {
      status: Number.parseInt(await answer.locator('tbody .response-col_status').first().innerText()),
      body: JSON.parse(await answer.locator('.response-col_description .highlight-code code').first().innerText()),
    }
  }

  await t.test('with the printed token, storage-usage shows what the API answers', async (t) => {
    await page.getByRole('button', { name: 'Authorize' }).first().click()
    const bearer = page.locator('.auth-container', { hasText: 'bearerAuth' })
    await bearer.locator('input').fill(token)
    await bearer.getByRole('button', { name: /Apply|Authorize/ }).click()
    await page.locator('.auth-container').first().getByRole('button', { name: 'Close' }).click()
    const operation = page.locator('#operations-Usage-readStorageUsage')
    const shown = await execute(operation)
    await operation.screenshot({ path: new URL('storage-usage.png', pictures).pathname })
    const { statusCode, body } = await app.inject({
      url: '/api/v1/objects/storage-usage', headers: { authorization: `Bearer ${token}` },
    })
    t.strictSame(shown, { status: statusCode, body: JSON.parse(body) })
    t.ok(shown.body.totalBytes > 0)
  })

  await t.test('download shows the JSON variant, whose URL leads to the file', async (t) => {
    const operation = page.locator('#operations-Files-downloadFile')
    const shown = await execute(operation, async () => {
      await operation.locator('tr[data-param-name=objectKey] input').fill(objectKey)
    })
    await operation.screenshot({ path: new URL('download.png', pictures).pathname })
    const { statusCode, body } = await app.inject({
      url: '/api/v1/objects/download', query: { objectKey }, headers: { accept: 'application/json' },
    })
    const { url, expiresAt, ...expected } = JSON.parse(body)
    t.match(shown, { status: statusCode, body: expected })
    const file = await fetch(shown.body.url)
    t.equal(file.status, 200)
    t.equal((await file.arrayBuffer()).byteLength, shown.body.bytes)
  })

  await t.test('it has the product\'s name and version, and shows groups and operations in the order of their use', async (t) => {
    t.equal(await page.title(), `Objects & Storage ${VERSION}`)
    t.match(await page.locator('.info .title').innerText(), new RegExp(`^Objects & Storage\\s+${VERSION.replaceAll('.', '\\.')}`))
    t.strictSame(await page.evaluate('[...document.querySelectorAll(".opblock-tag")].map((tag) => tag.dataset.tag)'), ['Files', 'Usage', 'Events', 'Operation'])
    const ids = await page.evaluate('[...document.querySelectorAll(".opblock")].map((block) => block.id.replace(/^.*-/, ""))')
    t.match(ids, [
      'createUpload', 'createPartUrls', 'listParts', 'completeUpload', 'abortUpload',
      'downloadFile', 'describeFile', 'createLinks', 'listWorkflows', 'listRuns', 'listRunFiles',
      'downloadArchive', 'describeArchive', 'deleteFile',
      'createShare', 'createArchiveSelection', 'listShares', 'revokeShare', 'revokeAllShares', 'openShare', 'describeShare',
      'openShareAsArchive', 'describeShareAsArchive',
      'readStorageUsage',
    ])
    t.equal(await page.locator('section.models').getAttribute('class'), 'models', 'schemas are folded')
  })

  await t.test('the token is kept for the tab, and nowhere else', async (t) => {
    await page.reload()
    const shown = await execute(page.locator('#operations-Usage-readStorageUsage'))
    t.equal(shown.status, 200)
    const other = await page.context().newPage()
    await other.goto(`${origin}/metrics`)
    t.strictSame(await other.evaluate('[Object.keys(localStorage), Object.keys(sessionStorage)]'), [[], []])
  })

  t.strictSame(complaints, [], 'the browser has nothing to say against the page')
})
