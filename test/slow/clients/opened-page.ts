import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import type { Test } from 'tap'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** A page in its own browser context, and everything that the browser found wrong with it. */
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

/** The digits in an element's text. */
export async function digits (page: Page, selector: string): Promise<number> {
  return Number((await page.locator(selector).innerText()).replaceAll(/\D/g, ''))
}

/** The rows of the table of workflows, from the top. */
export async function shownWorkflows (page: Page): Promise<Array<{ name: string, files: number, bytes: number }>> {
  const rows = await page.locator('#workflows tbody tr:not(.gap)').all()
  return await Promise.all(rows.map(async (row) => ({
    name: await row.locator('.workflow-name').innerText(),
    files: Number((await row.locator('td').first().innerText()).replaceAll(',', '')),
    bytes: Number((await row.locator('.exact').innerText()).replaceAll(/\D/g, '')),
  })))
}

/** What axe-core finds wrong with the page, or a frame of it, as it is now, by the rules of WCAG 2.2 AA and good practice. */
export async function violations (page: Pick<Page, 'evaluate'>): Promise<string[]> {
  await page.evaluate(axe)
  const found = await page.evaluate(`axe.run().then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(', ')))`)
  return Array.isArray(found) ? found.map(String) : ['axe-core gave no answer']
}

/** Whether anything is wider than the window. */
export async function overflowsSideways (page: Page): Promise<boolean> {
  return await page.evaluate('document.documentElement.scrollWidth > innerWidth') === true
}

/**
 * The texts that cannot be read in the page's present state: those outside the window, cut off, or overlapping what is beside
 * them. A name may be cut off if enough of it is left and its title has the whole; what a key can scroll may be wider than its
 * place.
 */
export async function cutOff (page: Page): Promise<string[]> {
  const found = await page.evaluate(`(() => {
    const scrolls = (element) => ['auto', 'scroll'].includes(getComputedStyle(element).overflowX) && element.tabIndex === 0
    const isInScroller = (element) => element !== null && (scrolls(element) || isInScroller(element.parentElement))
    const problemOf = (element) => {
      const { left, right } = element.getBoundingClientRect()
      const { overflowX, overflowY, fontSize, textOverflow } = getComputedStyle(element)
      if (left < -1 || right > innerWidth + 1) return 'is outside the window'
      if (element.clientWidth === 0) return undefined
      if (overflowY !== 'visible' && element.scrollHeight > element.clientHeight + 1 && !['auto', 'scroll'].includes(overflowY)) return 'is cut below'
      if (element.scrollWidth <= element.clientWidth + 1) return undefined
      if (overflowX === 'visible') return element.matches('th, td, button, label, p, h1, h2, dt, dd, li, .button') ? 'runs over' : undefined
      const isEnough = element.clientWidth >= 5 * Number.parseFloat(fontSize)
      return textOverflow === 'ellipsis' && element.title !== '' && isEnough ? undefined : 'is cut'
    }
    return [...document.body.querySelectorAll('*')].flatMap((element) => {
      const text = element.textContent.trim()
      const isPassedOver = text === '' || !element.checkVisibility() || element.closest('.visually-hidden, .skip, option, [aria-hidden=true]') !== null
      const problem = isPassedOver || isInScroller(element) ? undefined : problemOf(element)
      return problem === undefined ? [] : [element.localName + '.' + element.className + ' ' + problem + ': ' + text.slice(0, 60)]
    })
  })()`)
  return Array.isArray(found) ? found.map(String) : ['the page gave no answer']
}
