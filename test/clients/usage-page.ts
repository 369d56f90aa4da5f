import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { FastifyInstance } from 'fastify'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import type { Test } from 'tap'

const DAY_MS = 86_400_000
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** A page in a browser context of its own, and all that the browser found wrong with it. */
export interface OpenedPage {
  page: Page
  complaints: string[]
}

/** Opens an address as a new visitor, and ends the visit with the test. */
export async function openAddress (
  t: Pick<Test, 'teardown'>, browser: Browser, address: string, options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: { width: 1120, height: 900 }, timezoneId: 'UTC', ...options })
  t.teardown(() => context.close())
  await context.addInitScript(`addEventListener('securitypolicyviolation', (event) => {
    console.error('The policy forbids ' + event.violatedDirective + ' of ' + event.blockedURI)
  })`)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => { complaints.push(String(error)) })
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) complaints.push(message.text()) })
  await page.goto(address)
  return { page, complaints }
}

/** Resolves once the page shows what it was last asked for. */
export async function settled (page: Page): Promise<void> {
  await page.locator('main[aria-busy=false]').waitFor()
}

/** The digits of what an element says. */
export async function digits (page: Page, selector: string): Promise<number> {
  return Number((await page.locator(selector).innerText()).replaceAll(/\D/g, ''))
}

/** The table's rows from the top. */
export async function shownWorkflows (page: Page): Promise<Array<{ name: string, files: number, bytes: number }>> {
  const rows = await page.locator('#workflow-rows tr').all()
  return await Promise.all(rows.map(async (row) => ({
    name: await row.locator('.workflow-name').innerText(),
    files: Number((await row.locator('td').first().innerText()).replaceAll(',', '')),
    bytes: Number((await row.locator('.exact').innerText()).replaceAll(/\D/g, '')),
  })))
}

/** What axe-core finds wrong with the page as it is now, by the rules of WCAG 2.2 AA and good practice. */
export async function violations (page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const found = await page.evaluate(`axe.run().then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(', ')))`)
  return Array.isArray(found) ? found.map(String) : ['axe-core gave no answer']
}

/** Whether anything is wider than the window. */
export async function overflowsSideways (page: Page): Promise<boolean> {
  return await page.evaluate('document.documentElement.scrollWidth > innerWidth') === true
}

export interface StoredSum {
  name: string
  inputBytes: bigint
  outputBytes: bigint
  fileCount: bigint
}

/** Has the service count files that are not there: workflows of any size, each with a name. */
export async function countSums (
  { database }: FastifyInstance, owner: { orgKey: string, userId: string }, sums: readonly StoredSum[],
): Promise<void> {
  for (const [index, { name, inputBytes, outputBytes, fileCount }] of sums.entries()) {
    const workflowId = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`
    await database.insertInto('workflows').values({ org_key: owner.orgKey, workflow_id: workflowId, name }).execute()
    for (const [direction, sizeBytes, count] of [
      ['inputs', inputBytes, fileCount / 2n], ['outputs', outputBytes, fileCount - fileCount / 2n],
    ] as const) {
      await database.insertInto('usage_sums').values({
        org_key: owner.orgKey,
        workflow_id: workflowId,
        created_by: owner.userId,
        direction,
        size_bytes: sizeBytes,
        file_count: count,
        newest_event_at: new Date(),
      }).execute()
    }
  }
}

/** Has the service remember the days before today: how many bytes were stored at each one's end, the newest first. */
export async function rememberDays (
  { database }: FastifyInstance, orgKey: string, days: ReadonlyArray<{ bytes: bigint, isFilled: boolean }>,
): Promise<void> {
  for (const [index, { bytes, isFilled }] of days.entries()) {
    const end = new Date(Date.now() - (index + 1) * DAY_MS)
    const day = end.toISOString().slice(0, 10)
    await database.insertInto('usage_days').values({ day, taken_at: end, is_filled: isFilled })
      .onConflict((conflict) => conflict.column('day').doUpdateSet({ is_filled: isFilled })).execute()
    await database.insertInto('usage_snapshots').values({
      org_key: orgKey, workflow_id: null, day, input_bytes: '0', output_bytes: String(bytes), file_count: String(bytes / 1_000_000n),
    }).execute()
  }
}
