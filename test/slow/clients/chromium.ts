import { existsSync } from 'node:fs'
import { type Browser, type BrowserContext, chromium } from 'playwright-core'
import type { Test } from 'tap'

const executablePath = '/usr/bin/chromium'
const args = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
]

/** Why tests in Chromium cannot run; false if they can. */
export const withoutChromium = !existsSync(executablePath) && `${executablePath} is not installed`

/** Starts Debian's headless Chromium, and ends it with the test. */
export async function launchChromium (t: Pick<Test, 'teardown'>): Promise<Browser> {
  // Unless the locale uses UTF-8, it drops the other characters from the names of saved files.
  const browser = await chromium.launch({ executablePath, args, env: { ...process.env, LC_ALL: 'C.UTF-8' } })
  t.teardown(() => browser.close())
  return browser
}

/** Starts it with a profile in a folder, where it keeps what it remembers. */
export async function openChromiumProfile (folder: string): Promise<BrowserContext> {
  return await chromium.launchPersistentContext(folder, {
    executablePath, args, env: { ...process.env, LC_ALL: 'C.UTF-8' }, acceptDownloads: true,
  })
}
