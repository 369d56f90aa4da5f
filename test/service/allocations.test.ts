import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { createServerDatabase, testDatabaseUrl } from '../support/database.js'

const run = promisify(execFile)

/**
 * The bytes of JavaScript's heap that a request of each kind may allocate, by Node.js 20 and including what light-my-request
 * makes of it. What is measured repeats within one percent; each limit is about five above it.
 */
const limits: Readonly<Record<string, number>> = {
  warmRedirect: 29_500,
  coldRedirect: 115_000,
  missingFile: 32_000,
  streamedRange: 144_500,
  event: 397_000,
  usage: 75_500,
  workflowsPage: 68_500,
  filesPage: 155_000,
  openedShare: 29_000,
}
/** A limit that far above what is measured would no longer notice anything. */
const SLACK = 0.85

const isMeasured = process.version.startsWith('v20.')
const skip = testDatabaseUrl === undefined ? 'there is no PostgreSQL server' : !isMeasured && 'the limits are those of Node.js 20'

t.test('requests allocate no more than they did', { skip, timeout: 600_000 }, async (t) => {
  const { url: DATABASE_URL, close } = await createServerDatabase(testDatabaseUrl ?? '')
  t.teardown(close)
  const { stdout } = await run(process.execPath, ['--import', './typescript.js', 'test/support/allocation-meter.ts'], {
    // tap measures the coverage of child processes as well, and code that is measured allocates otherwise.
    env: { ...process.env, _TAPJS_PROCESSINFO_COVERAGE_: '0', DATABASE_URL },
  })
  const measured: Record<string, number> = JSON.parse(stdout)
  t.strictSame(Object.keys(measured), Object.keys(limits))
  for (const [kind, limit] of Object.entries(limits)) {
    const bytes = measured[kind] ?? NaN
    t.ok(bytes <= limit, `${kind}: at most ${limit} bytes`, { bytes })
    t.ok(bytes >= limit * SLACK, `${kind}: a limit that is close`, { bytes })
  }
})
