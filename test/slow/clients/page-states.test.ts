import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import type { Page } from 'playwright-core'
import t from 'tap'
import { mintObjectKey } from '../../../objects/object-key.js'
import type { Caller } from '../../../schemas/token-claims.js'
import { admin, colleague, foreignMember, member, runId, startService, workflowId } from '../../support/service.js'
import { launchChromium, withoutChromium } from './chromium.js'
import { openAddress, overflowsSideways, settled, violations } from './opened-page.js'
import { countSums } from './usage-service.js'

const pictures = new URL('../../../test-output/page/states/', import.meta.url)
const RUNS = 10_000
const FILES = 100_000
const GB = 1_000_000_000n
/** The longest names, in many scripts: 255 bytes of UTF-8 each. */
const NAMES = ['a', 'ß', 'Ж', 'א', 'ع', 'अ', 'ไ', '中', '한', 'あ', '😀', 'e\u0301', '\u202e'].map((letters) => {
  const repeated = letters.repeat(Math.floor(255 / Buffer.byteLength(letters)))
  return repeated + 'x'.repeat(255 - Buffer.byteLength(repeated))
})

const run = (digit: number) => `9b2d6c1e-5d3f-4c8a-8b1d-00000000000${digit}`

/** Makes the service count a workflow of many runs, and one run with many files in a folder, none of which is stored. */
async function countMany ({ database }: FastifyInstance, { orgKey, userId }: Caller): Promise<void> {
  await sql`
    insert into runs (org_key, workflow_id, run_id, prefix)
    select ${orgKey}, ${workflowId}::uuid, ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, ''
    from generate_series(1, ${RUNS}::int) as n`.execute(database)
  await sql`
    insert into run_sums (run_ref, created_by, direction, size_bytes, file_count, first_seen_at)
    select run_ref, ${userId}::uuid, 'outputs', 1000, 1, now() from runs where org_key = ${orgKey}`.execute(database)
  await sql`
    insert into objects (
      object_key, org_key, workflow_id, run_id, created_by, direction, run_ref, path, size_bytes, observed_at, revision)
    select
      org_key || '/workflows/' || workflow_id || '/runs/' || run_id || '/users/' || ${userId}::text || '/outputs/' ||
      lpad(n::text, 22, '0') || '/deep/' || n || '.txt',
      org_key, workflow_id, run_id, ${userId}::uuid, 'outputs', run_ref, 'deep/' || lpad(n::text, 6, '0') || '.txt', n,
      now() - interval '1 hour', 'ffffffff-ffff-8000-8000-000000000000'
    from generate_series(1, ${FILES}::int) as n
      join runs on org_key = ${orgKey} and run_id = '00000000-0000-4000-8000-000000000001'`.execute(database)
}

t.test('what the page makes of every state, in Chromium', { skip: withoutChromium }, async (t) => {
  await mkdir(pictures, { recursive: true })
  const browser = await launchChromium(t)
  const { app, authorise, putFile } = await startService(t, { LIST_LIMIT: '0' })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const tokenOf = ({ userId, orgKey, roles: [role] }: Caller, expiresIn = '1h') => app.jwt.sign({ sub: userId, orgKey, role }, { expiresIn })
  const open = async (caller: Caller, place = '') => {
    const opened = await openAddress(t, browser, `${origin}/app${place}#token=${tokenOf(caller)}`)
    await settled(opened.page)
    return opened
  }
  /** Looks at the page in its present state: wide and narrow, light and dark. */
  const look = async (page: Page, name: string) => {
    for (const [kind, size, colorScheme] of [
      ['desktop', { width: 1280, height: 900 }, 'light'], ['phone', { width: 360, height: 740 }, 'dark'],
    ] as const) {
      await page.setViewportSize(size)
      await page.emulateMedia({ colorScheme })
      t.strictSame(await violations(page), [], `${name}, ${kind}`)
      t.notOk(await overflowsSideways(page), `${name} fits, ${kind}`)
      await page.screenshot({ path: new URL(`${name}-${kind}.png`, pictures).pathname })
    }
    await page.setViewportSize({ width: 1280, height: 900 })
  }
  const fileIn = async (caller: Caller, file: { path: string, runId?: string, body?: string }) => {
    const objectKey = mintObjectKey({
      orgKey: caller.orgKey, createdBy: caller.userId, workflowId, runId: file.runId ?? runId, direction: 'inputs', path: file.path,
    })
    await putFile(file.body ?? 'content', { objectKey })
    await app.bucketEvents.settled()
    return objectKey
  }
  const upload = (page: Page, ...names: string[]) => page.locator('#upload-files').setInputFiles(
    names.map((name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(`the text of ${name}`) })))

  await t.test('an organisation without files, and one with a single file', async (t) => {
    const { page, complaints } = await open({ ...admin, orgKey: 'nobody' })
    t.match(await page.locator('#workflows-empty').innerText(), /No workflow/)
    await look(page, 'empty')
    const single = { ...admin, orgKey: 'single' }
    await fileIn(single, { path: 'only.txt' })
    const { page: other } = await open(single)
    t.equal(await other.locator('#total-files').innerText(), '1\u00a0file')
    await look(other, 'one-file')
    await other.getByRole('button', { name: 'Compare now' }).click()
    await other.locator('#reconcile-progress', { hasText: 'Everything was counted correctly.' }).waitFor()
    await other.locator('#freshness', { hasText: 'Compared with the bucket on' }).waitFor()
    t.strictSame(complaints, [])
  })

  await t.test('200 workflows take little room, are found by name, and are drawn as they come into view', async (t) => {
    const owner = { ...admin, orgKey: 'many' }
    await countSums(app, owner, Array.from({ length: 200 }, (_, place) =>
      ({ name: `Workflow ${place}`, inputBytes: BigInt(place) * GB, outputBytes: GB, fileCount: 10n })))
    const { page, complaints } = await open(owner)
    await page.locator('#workflows').waitFor()
    const heightPx = () => page.evaluate('document.documentElement.scrollHeight')
    t.ok(Number(await heightPx()) < 2_500, `${String(await heightPx())} pixels`)
    await look(page, 'workflows-200')
    await page.getByRole('button', { name: 'Show all 200' }).click()
    await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)')
    await page.getByRole('link', { name: 'Workflow 0', exact: true }).waitFor()
    t.ok(await page.locator('#workflows tbody tr').count() < 80)
    await page.fill('#workflow-search', 'flow 17')
    await page.locator('#workflows-shown', { hasText: '11 of 200' }).waitFor()
    t.equal(await page.locator('#workflows tbody tr').count(), 11)
    t.strictSame(complaints, [])
  })

  await t.test('10,000 runs and a folder of 100,000 files are read as far as someone looks', async (t) => {
    const owner = { ...admin, orgKey: 'huge' }
    await countMany(app, owner)
    const { page, complaints } = await open(owner, `/workflows/${workflowId}`)
    await page.locator('#runs').waitFor()
    await look(page, 'runs-10000')
    const scrollUntil = async (count: number) => {
      await page.evaluate(`new Promise((resolve) => {
        const scroll = () => {
          scrollTo(0, document.documentElement.scrollHeight)
          if ([...document.querySelectorAll('tbody tr')].some(({ ariaRowIndex }) => Number(ariaRowIndex) >= ${count})) resolve()
          else requestAnimationFrame(scroll)
        }
        scroll()
      })`)
    }
    await scrollUntil(250)
    t.ok(await page.locator('#runs tbody tr').count() < 100, 'not all that was read is drawn')
    await page.goto(`${origin}/app/workflows/${workflowId}/runs/00000000-0000-4000-8000-000000000001/deep/`)
    await page.locator('#files').waitFor()
    await look(page, 'files-100000')
    await scrollUntil(350)
    t.ok(await page.locator('#files tbody tr').count() < 100)
    await page.fill('#beginning', '09999')
    await page.locator('#files[aria-rowcount="11"]').waitFor()
    t.strictSame(complaints, [])
  })

  await t.test('names of 255 bytes in every script are shown, cut where there is no room, and lead to their files', async (t) => {
    const owner = { ...admin, orgKey: 'scripts' }
    for (const name of NAMES) await fileIn(owner, { path: name })
    const { page, complaints } = await open(owner, `/workflows/${workflowId}/runs/${runId}/`)
    await page.locator('#files').waitFor()
    await look(page, 'names')
    t.same((await page.locator('#files .file-name').evaluateAll((links) => links.map((link) => link.textContent))).toSorted(), NAMES.toSorted())
    for (const name of NAMES.slice(0, 4)) {
      await page.goto(`${origin}/app/workflows/${workflowId}/runs/${runId}/${encodeURIComponent(name)}`)
      await page.locator('.panel h2', { hasText: name }).waitFor()
    }
    await page.locator('.facts').waitFor()
    await look(page, 'name')
    t.strictSame(complaints, [])
  })

  await t.test('a folder with a long name is saved as an archive, and told by the beginning of its name', async (t) => {
    const owner = { ...admin, orgKey: 'long' }
    const folder = 'long'.repeat(60)
    await fileIn(owner, { path: `${folder}/file.txt` })
    const { page } = await open(owner, `/workflows/${workflowId}/runs/${runId}/${folder}/`)
    await page.locator('#files').waitFor()
    await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download all as ZIP' }).click()])
    await page.getByRole('link', { name: 'Share links' }).click()
    t.match(await page.locator('#links .file-name').innerText(), /^Archive of (long)+l?o?n?$/)
  })

  await t.test('a service that is away is told, with what was shown before', async () => {
    const { page } = await open({ ...admin, orgKey: 'single' })
    await page.route(/\/api\//, (route) => route.abort())
    await page.getByRole('button', { name: 'Refresh' }).click()
    await page.locator('.message-text', { hasText: 'The service does not answer. What is shown below may be out of date.' }).waitFor()
    await look(page, 'away')
    await page.unroute(/\/api\//)
    await page.getByRole('button', { name: 'Try again' }).first().click()
    await page.locator('#main > .message .message-text').waitFor({ state: 'detached' })
  })

  await t.test('a token that expires while working is asked for again at the same place, and uploads can then be tried again', async () => {
    const owner = { ...admin, orgKey: 'expiring' }
    const { page } = await open(owner, `/workflows/${workflowId}/runs/${run(1)}/`)
    const expired = app.jwt.sign({ sub: owner.userId, orgKey: owner.orgKey, role: 'admin', exp: 1_000_000_000 })
    await page.route(/\/api\//, async (route, request) => {
      await route.continue({ headers: { ...await request.allHeaders(), authorization: `Bearer ${expired}` } })
    })
    await upload(page, 'late.txt')
    await page.locator('#entry').waitFor()
    await page.locator('#message-text', { hasText: 'expired' }).waitFor()
    await look(page, 'expired')
    await page.unroute(/\/api\//)
    await page.fill('#token', tokenOf(owner))
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Try all again' }).click()
    await page.locator('#uploads-progress', { hasText: '1\u00a0file uploaded' }).waitFor()
    await page.getByRole('link', { name: 'late.txt' }).waitFor()
  })

  await t.test('uploads that fail half-way are listed, and only they are tried again', async (t) => {
    const { page } = await open({ ...admin, orgKey: 'failing' }, `/workflows/${workflowId}/runs/${run(2)}/`)
    await page.route(/\/store\//, async (route) => {
      if (route.request().url().includes('second')) await route.fulfill({ status: 403 })
      else await route.continue()
    })
    await upload(page, 'first.txt', 'second.txt', 'third.txt')
    await page.locator('.failed', { hasText: 'second.txt' }).waitFor()
    await page.locator('#uploads-progress', { hasText: '2\u00a0files uploaded' }).waitFor()
    t.equal(await page.locator('.failed li').count(), 1)
    await look(page, 'upload-failed')
    await page.unroute(/\/store\//)
    const sent: string[] = []
    page.on('request', (request) => { if (request.method() === 'PUT') sent.push(request.url()) })
    await page.getByRole('button', { name: 'Try all again' }).click()
    await page.locator('#uploads-progress', { hasText: '3\u00a0files uploaded' }).waitFor()
    t.strictSame(sent.map((url) => /[a-z]+\.txt/.exec(url)?.[0]), ['second.txt'])
    await page.getByRole('button', { name: 'Dismiss' }).click()
    await page.locator('#files[aria-rowcount="4"]').waitFor()
  })

  await t.test('what was chosen is listed where Uppy cannot be loaded, and sent once it can', async (t) => {
    const { page } = await open({ ...admin, orgKey: 'unloaded' }, `/workflows/${workflowId}/runs/${run(3)}/`)
    await page.route(/upload-queue/, (route) => route.abort())
    await upload(page, 'first.txt', 'second.txt')
    await page.locator('.failed', { hasText: 'The service does not answer.' }).waitFor()
    t.equal(await page.locator('.failed li').count(), 2)
    await page.unroute(/upload-queue/)
    await page.getByRole('button', { name: 'Try all again' }).click()
    await page.locator('#uploads-progress', { hasText: '2\u00a0files uploaded' }).waitFor()
    await page.locator('#files[aria-rowcount="3"]').waitFor()
  })

  await t.test('what is cancelled while Uppy is being loaded is listed, too', async () => {
    const { page } = await open({ ...admin, orgKey: 'loading' }, `/workflows/${workflowId}/runs/${run(6)}/`)
    let release = () => {}
    const released = new Promise<void>((resolve) => { release = resolve })
    await page.route(/upload-queue/, async (route) => {
      await released
      await route.continue()
    })
    await upload(page, 'early.txt')
    await page.getByRole('button', { name: 'Cancel all' }).click()
    release()
    await page.locator('.failed', { hasText: 'Cancelled.' }).waitFor()
    await page.getByRole('button', { name: 'Try all again' }).click()
    await page.locator('#uploads-progress', { hasText: '1\u00a0file uploaded' }).waitFor()
  })

  await t.test('hundreds of files arrive, those too whose names differ only by case, and what is cancelled can be tried again', async (t) => {
    const { page, complaints } = await open({ ...admin, orgKey: 'hundreds' }, `/workflows/${workflowId}/runs/${run(4)}/`)
    // More than one Uppy has; what is dropped by a script has one time.
    const drop = `(() => {
      const data = new DataTransfer()
      for (const name of ['a.txt', 'A.txt', ...Array.from({ length: 218 }, (_, index) => index + '.txt')]) {
        data.items.add(new File(['text'], name, { type: 'text/plain', lastModified: 1 }))
      }
      document.querySelector('.drop-zone').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }))
    })()`
    let release = () => {}
    const released = new Promise<void>((resolve) => { release = resolve })
    await page.route(/\/store\//, async (route) => {
      await released
      await route.continue().catch(() => {})
    })
    await page.evaluate(drop)
    await page.getByRole('button', { name: 'Cancel all' }).click()
    await page.locator('.failed-head', { hasText: '220\u00a0files failed' }).waitFor()
    t.equal(await page.locator('.uploading').count(), 0)
    await page.unroute(/\/store\//)
    release()
    await page.getByRole('button', { name: 'Try all again' }).click()
    await page.locator('#uploads-progress', { hasText: '220\u00a0files uploaded, 880\u00a0B' }).waitFor()
    t.equal(await page.locator('.failed li').count(), 0)
    await page.locator('#sum', { hasText: /^220.files, 880.B$/ }).waitFor()
    t.strictSame(complaints, [])
  })

  await t.test('a file in parts continues where it stopped when it is chosen again after a reload', async (t) => {
    const { page } = await open({ ...admin, orgKey: 'resuming' }, `/workflows/${workflowId}/runs/${run(5)}/`)
    const folder = await mkdtemp(join(tmpdir(), 'objects-storage-page-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    const big = join(folder, 'big.bin')
    await writeFile(big, Buffer.alloc(17 * 1024 ** 2, 'parts'))
    const partOf = (url: string) => Number(new URL(url).searchParams.get('partNumber'))
    await page.route(/\/store\//, async (route) => {
      if (partOf(route.request().url()) === 3) await route.fulfill({ status: 403 })
      else await route.continue()
    })
    await page.locator('#upload-files').setInputFiles(big)
    await page.locator('.failed', { hasText: 'big.bin' }).waitFor()
    await page.unroute(/\/store\//)
    await page.reload()
    await page.locator('#upload-files').waitFor({ state: 'attached' })
    const sent: number[] = []
    page.on('request', (request) => { if (request.method() === 'PUT') sent.push(partOf(request.url())) })
    await page.locator('#upload-files').setInputFiles(big)
    await page.locator('#uploads-progress', { hasText: '1\u00a0file uploaded' }).waitFor()
    t.ok(sent.includes(3))
    t.ok(sent.length < 4, `parts ${sent.join(' ')}`)
  })

  await t.test('a quota that is almost full, or full, is told before and when it refuses', async (t) => {
    const owner = { ...admin, orgKey: 'limited' }
    await fileIn(owner, { path: 'a.txt', body: 'x'.repeat(100) })
    const setQuota = (quotaBytes: number) => app.inject({
      method: 'PUT', url: '/api/v1/objects/quota', headers: authorise({ ...owner, roles: ['service'] }), payload: { quotaBytes },
    })
    const { page } = await open(owner)
    for (const [quotaBytes, words] of [[1_000, undefined], [120, /^20.B left/], [104, /^Only 4.B left:/], [100, /^The quota is full/]] as const) {
      await setQuota(quotaBytes)
      const answered = page.waitForResponse(/storage-usage$/)
      await page.getByRole('button', { name: 'Refresh' }).click()
      await answered
      const meter = page.locator(`#quota [role=meter][aria-valuemax="${quotaBytes}"]`)
      await meter.waitFor()
      if (words === undefined) t.equal(await page.locator('#quota-warning').count(), 0)
      else t.match(await page.locator('#quota-warning').innerText(), words)
    }
    await look(page, 'quota-full')
    await page.goto(`${origin}/app/workflows/${workflowId}/runs/${run(3)}/`)
    await settled(page)
    await upload(page, 'too-much.txt')
    await page.locator('.uploads', { hasText: 'Delete what is not needed' }).waitFor()
    await look(page, 'quota-refused')
  })

  await t.test('two members of one organisation, and two organisations, never see each other\'s files', async (t) => {
    for (const [caller, name] of [[member, 'mine.txt'], [colleague, 'theirs.txt'], [foreignMember, 'foreign.txt']] as const) {
      await fileIn(caller, { path: name, runId: run(4) })
    }
    for (const [caller, names] of [
      [member, ['mine.txt']], [colleague, ['theirs.txt']], [foreignMember, ['foreign.txt']], [admin, ['mine.txt', 'theirs.txt']],
    ] as const) {
      const { page } = await open(caller, `/workflows/${workflowId}/runs/${run(4)}/`)
      await page.locator('#files').waitFor()
      t.strictSame(await page.locator('#files .file-name').allInnerTexts(), names, `${caller.userId} of ${caller.orgKey}`)
      for (const other of ['mine.txt', 'theirs.txt', 'foreign.txt'].filter((name) => !names.some((own) => own === name))) {
        await page.goto(`${origin}/app/workflows/${workflowId}/runs/${run(4)}/${other}`)
        await page.getByText('There is no such file').waitFor()
      }
    }
  })

  await t.test('places ask for little: the document and three files, and a few figures', async (t) => {
    const owner = { ...admin, orgKey: 'many' }
    for (const [place, most] of [['', 7], ['/links', 1], ['/users', 2], [`/workflows/${randomUUID()}`, 3]] as const) {
      const context = await browser.newContext()
      t.teardown(() => context.close())
      const page = await context.newPage()
      const found: string[] = []
      page.on('request', (request) => { found.push(new URL(request.url()).pathname) })
      await page.goto(`${origin}/app${place}#token=${tokenOf(owner)}`)
      await settled(page)
      await page.waitForLoadState('networkidle')
      // Chromium asks for the icon twice.
      const asked = found.filter((path, index) => !path.endsWith('.svg') || found.indexOf(path) === index)
      t.ok(asked.filter((path) => !path.includes('/api/')).length <= 4, asked.join(' '))
      t.ok(asked.filter((path) => path.includes('/api/')).length <= most, asked.join(' '))
    }
  })
})
