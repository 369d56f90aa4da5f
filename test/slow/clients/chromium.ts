import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import type { Test } from 'tap'

const executablePath = '/usr/bin/chromium'
const args = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
]

/** Why tests in Chromium cannot run; false where they can. */
export const withoutChromium = !existsSync(executablePath) && `${executablePath} is not installed`

/** Starts Debian's Chromium without a window, and ends it with the test. */
export async function launchChromium (t: Pick<Test, 'teardown'>): Promise<Browser> {
  // Where the locale is not one of UTF-8, it saves files under names without their other characters.
  const browser = await chromium.launch({ executablePath, args, env: { ...process.env, LC_ALL: 'C.UTF-8' } })
  t.teardown(() => browser.close())
  return browser
}
