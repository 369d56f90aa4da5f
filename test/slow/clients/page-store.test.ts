import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { prepareBucket } from '../../../bucket/prepare.js'
import { member, runId, startService, workflowId } from '../../support/service.js'
import { storeKinds } from '../../support/stores.js'
import { launchChromium, withoutChromium } from './chromium.js'
import { openAddress, settled } from './opened-page.js'

/** More than is sent whole: a file that is sent in parts is counted without a notification. */
const ROWS = 1_200_000

t.test('the page in Chromium, where the storage has an origin of its own', { skip: withoutChromium }, async (t) => {
  const browser = await launchChromium(t)
  for (const kind of storeKinds) {
    const skip = kind.skip !== false ? kind.skip : kind.environment().S3_ENDPOINT === undefined && 'it has the service\'s origin'
    await t.test(`files are put to the ${kind.name}, and shown from there`, { skip }, async (t) => {
      const environment = kind.environment()
      t.teardown(() => kind.remove(environment))
      const { app, authorise } = await startService(t, environment)
      const origin = await app.listen({ host: '127.0.0.1', port: 0 })
      const { bucket: name, region } = app.storeTarget
      const wanted = { name, region, keyPrefix: '', notify: undefined, origins: [origin], abortAfterDays: 0, uploadPrincipal: undefined }
      for await (const { outcome } of prepareBucket(app.minio, { ...wanted, only: ['cors'] })) t.equal(outcome, 'made')

      const folder = await mkdtemp(join(tmpdir(), 'objects-storage-page-'))
      t.teardown(() => rm(folder, { recursive: true, force: true }))
      const file = join(folder, 'table.csv')
      await writeFile(file, `number,text\n${Array.from({ length: ROWS }, (_, row) => `${row},text ${row}\n`).join('')}`)
      const token = authorise(member).authorization.replace('Bearer ', '')
      const { page, complaints } = await openAddress(t, browser, `${origin}/app/workflows/${workflowId}/runs/${runId}/#token=${token}`)
      await settled(page)
      const toStore: string[] = []
      page.on('request', (request) => { if (new URL(request.url()).origin !== origin) toStore.push(request.method()) })
      await page.locator('#upload-files').setInputFiles(file)
      await page.locator('#uploads-progress', { hasText: '1\u00a0file uploaded' }).waitFor()
      t.ok(toStore.includes('PUT'), 'the bytes went to the storage')
      await page.getByRole('link', { name: 'table.csv' }).click()
      await page.locator('.preview-table td', { hasText: 'text 42' }).waitFor()
      await page.getByText('are shown').first().waitFor()
      t.ok(toStore.includes('GET'), 'the preview came from the storage')
      t.strictSame(complaints, [])
    })
  }
})
