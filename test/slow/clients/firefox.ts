import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, firefox } from 'playwright-core'
import type { Test } from 'tap'

const executablePath = '/usr/bin/firefox-esr'
/** The command with which Playwright sets dark colours and reduced motion, and which Debian's Firefox 153 does not know. */
const UNKNOWN_COMMAND = 'emulation.setMediaFeaturesOverride'

/** Why tests in Firefox cannot run; false if they can. */
export const withoutFirefox = !existsSync(executablePath) && `${executablePath} is not installed`

/** Starts Debian's headless Firefox, driven by WebDriver BiDi, and ends it with the test. Its media features are its own. */
export async function launchFirefox (t: Pick<Test, 'teardown'>): Promise<Browser> {
  // As root, it refuses to run with another user's home folder.
  const home = await mkdtemp(join(tmpdir(), 'objects-storage-firefox-'))
  t.teardown(() => rm(home, { recursive: true, force: true }))
  const browser = await firefox.launch({ channel: 'moz-firefox', executablePath, env: { ...process.env, HOME: home } })
  t.teardown(() => browser.close())
  leaveOutUnknownCommand(browser)
  return browser
}

interface BidiSession {
  send: (this: BidiSession, method: string, ...parameters: unknown[]) => Promise<unknown>
}

/** The internal parts of Playwright that are used here. */
interface Internals {
  _connection: { toImpl: (object: unknown) => { _browserSession: BidiSession } }
}

function hasInternals (browser: object): browser is Internals {
  return '_connection' in browser
}

/** Playwright has no option to skip the command, and opens no page if it fails. */
function leaveOutUnknownCommand (browser: Browser): void {
  if (!hasInternals(browser)) throw new Error('Playwright has changed: see whether it leaves the command out by itself.')
  const sessions: BidiSession = Object.getPrototypeOf(browser._connection.toImpl(browser)._browserSession)
  const { send } = sessions
  sessions.send = async function (method, ...parameters) {
    return method === UNKNOWN_COMMAND ? {} : await send.call(this, method, ...parameters)
  }
}
