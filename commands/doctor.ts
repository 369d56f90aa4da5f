import { parseArgs } from 'node:util'
import { ConfigError } from '../config.js'
import { examine } from '../doctor/examine.js'
import type { Finding } from '../doctor/finding.js'
import { PROBE_ORG_KEY } from '../doctor/probe.js'
import { runCommand, withService } from './command.js'
import { EXIT_CLEAN, EXIT_DIFFERENCES, UsageError } from './outcome.js'

const HELP = `Checks a deployment, using the service's own configuration, and says what to change.

  npm run doctor -- [--wait SECONDS] [--json]

  --wait   how long to wait for a notification (15)
  --json   the result as JSON

It creates small files in an organisation named ${PROBE_ORG_KEY} and removes them again. Whether notifications arrive
can be checked only while the service is running; with the embedded parts the doctor takes its place.

Exit code: 0 nothing needs changing, 1 something does, 2 it could not run.
`
const symbols = { ok: 'ok     ', warning: 'warning', failed: 'FAILED ', skipped: 'skipped' }

runCommand(HELP, async (signal) => {
  const { values } = parseArgs({
    options: {
      wait: { type: 'string', default: '15' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const waitSeconds = Number(values.wait)
  if (!(waitSeconds > 0 && waitSeconds <= 3600)) throw new UsageError('--wait must be a number of seconds, an hour at most.')

  const findings: Finding[] = []
  const tell = (finding: Finding) => {
    findings.push(finding)
    if (!values.json) console.log(`${symbols[finding.status]}  ${finding.check}: ${finding.message}`)
  }
  try {
    await withService(async (app) => {
      tell({ check: 'configuration', status: 'ok', message: 'Every variable has a valid value.' })
      for await (const finding of examine({ app, waitMs: waitSeconds * 1000, signal })) tell(finding)
    })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    tell({ check: 'configuration', status: 'failed', message: error.message })
  }
  const isHealthy = findings.every(({ status }) => status !== 'failed')
  if (values.json) console.log(JSON.stringify({ healthy: isHealthy, findings }))
  else console.log(isHealthy ? 'Nothing needs to be changed.' : 'What is marked FAILED needs to be changed.')
  return isHealthy ? EXIT_CLEAN : EXIT_DIFFERENCES
})
