import { createHash } from 'node:crypto'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { prepareBucket } from '../../../bucket/prepare.js'
import { createClient } from '../../../client/index.js'
import { FaultProxy } from '../../support/fault-proxy.js'
import { member, runId, startService, workflowId } from '../../support/service.js'
import { type StoreKind, storeKinds } from '../../support/stores.js'
import { launchChromium, withoutChromium } from './chromium.js'
import { digestOfFile, serveUploadPage } from './upload-page.js'

const PART_MEBIBYTES = 5
const run = { workflowId, runId, direction: 'outputs' }
/** More, such as 300, takes proportionally longer and shows nothing more. */
const mebibytes = Number(process.env.TEST_UPLOAD_MIB ?? 30)

/** The service for pages of an origin, with a proxy that sees what they send to the store. */
async function startForPage (t: Test, kind: StoreKind, origin: string) {
  const environment = kind.environment()
  const isEmbedded = environment.S3_ENDPOINT === undefined
  t.teardown(() => kind.remove(environment))
  const toStore = isEmbedded ? undefined : await FaultProxy.start(environment.S3_ENDPOINT ?? '')
  t.teardown(() => toStore?.close())
  const { app, authorise } = await startService(t, {
    CORS_ORIGINS: origin, ...environment, ...toStore === undefined ? {} : { S3_PUBLIC_ENDPOINT: toStore.endpoint },
  })
  const toService = await FaultProxy.start(await app.listen({ host: '127.0.0.1', port: 0 }))
  t.teardown(() => toService.close())
  if (!isEmbedded) {
    const { bucket: name, region } = app.storeTarget
    const wanted = { name, region, keyPrefix: '', notify: undefined, origins: [origin], abortAfterDays: 0, uploadPrincipal: undefined }
    for await (const { outcome } of prepareBucket(app.minio, { ...wanted, only: ['cors'] })) t.equal(outcome, 'made')
  }
  const headers = authorise(member)
  // The embedded store is reached at the service's address.
  const proxy = toStore ?? toService
  return {
    proxy,
    isEmbedded,
    options: { baseUrl: toService.endpoint, token: headers.authorization.replace('Bearer ', ''), run },
    sentParts: () => proxy.requests.filter(({ method }) => method === 'PUT')
      .map(({ path }) => Number(new URLSearchParams(path.split('?')[1]).get('partNumber'))).sort((one, other) => one - other),
    usage: async (): Promise<{ totalBytes: number, fileCount: number }> => {
      const { totalBytes, fileCount } = (await app.inject({ url: '/api/v1/objects/storage-usage', headers })).json()
      return { totalBytes, fileCount }
    },
    settled: () => app.bucketEvents.settled(),
  }
}

/** The numbers of the parts that the service says have arrived of the upload that a page has begun. */
async function listArrived ({ baseUrl, token }: { baseUrl: string, token: string }, page: Page): Promise<number[]> {
  const uploadId = await page.evaluate<string>('JSON.parse(Object.values(localStorage)[0]).uploadId')
  const { data } = await createClient({ baseUrl, token }).GET('/api/v1/objects/uploads/parts', { params: { query: { uploadId } } })
  return (data?.parts ?? []).map(({ partNumber }) => partNumber)
}

async function digestAt (url: string): Promise<string> {
  const answer = await fetch(url)
  const hash = createHash('sha256')
  for await (const chunk of answer.body ?? []) hash.update(chunk)
  return hash.digest('hex')
}

t.test('uploads from a page in Chromium', { skip: withoutChromium }, async (t) => {
  const browser = await launchChromium(t)
  const origin = await serveUploadPage(t)

  for (const kind of storeKinds) {
    t.test(`to the ${kind.name}`, { skip: kind.skip }, async (t) => {
      const { proxy, options, sentParts, usage, settled, isEmbedded } = await startForPage(t, kind, origin)
      const openPage = async (t: Test) => {
        const context = await browser.newContext()
        t.teardown(() => context.close())
        const page = await context.newPage()
        await page.goto(origin)
        return page
      }

      for (const program of ['uppy', 'uploadFile']) {
        t.test(`${program} goes on after a reload`, async (t) => {
          const page = await openPage(t)
          const before = await usage()
          const upload = `${program}(${JSON.stringify(options)}, ${mebibytes})`
          const partNumbers = Array.from({ length: Math.ceil(mebibytes / PART_MEBIBYTES) }, (_, index) => index + 1)

          // Half of the parts arrive; the others are not answered before the page is gone.
          const half = Math.floor(partNumbers.length / 2)
          proxy.inject({ kind: 'mute' }, { method: 'PUT' })
          proxy.inject({ kind: 'hold', until: Promise.resolve() }, { method: 'PUT', times: half })
          const broken = page.evaluate(upload).catch(() => 'the page is gone')
          await page.waitForFunction(`arrivedParts === ${half}`)
          const arrived = await listArrived(options, page)
          t.equal(arrived.length, half)
          await page.reload()
          t.equal(await broken, 'the page is gone')
          t.strictSame(await usage(), before)

          proxy.heal()
          proxy.forgetRequests()
          const downloadUrl = await page.evaluate<string>(upload)
          t.strictSame(sentParts(), partNumbers.filter((partNumber) => !arrived.includes(partNumber)), 'the rest is sent, once')
          t.strictSame(await usage(), {
            totalBytes: before.totalBytes + mebibytes * 1024 ** 2, fileCount: before.fileCount + 1,
          })
          t.equal(await digestAt(downloadUrl), digestOfFile(mebibytes))
        })
      }

      t.test('small files are put at once', async (t) => {
        const page = await openPage(t)
        await settled()
        const before = await usage()
        proxy.forgetRequests()
        await page.evaluate(`uppy(${JSON.stringify(options)}, 1)`)
        const downloadUrl = await page.evaluate<string>(`uploadFile(${JSON.stringify(options)}, 1)`)
        t.strictSame(sentParts(), [0, 0], 'without numbers')
        t.equal(await digestAt(downloadUrl), digestOfFile(1))
        // The real store was not told where to send its notifications.
        if (!isEmbedded) return
        await settled()
        t.strictSame(await usage(), { totalBytes: before.totalBytes + 2 * 1024 ** 2, fileCount: before.fileCount + 2 })
      })
    })
  }
})
