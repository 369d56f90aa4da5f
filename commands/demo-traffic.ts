import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import cliProgress from 'cli-progress'
import type { ObjectsClient } from '../client/index.js'
import { loadConfig } from '../config.js'
import { errorCode } from '../errors/error-code.js'
import { DEMO_WORKFLOWS } from '../embedded/demo/organisation.js'
import { Traffic } from '../embedded/demo/traffic.js'
import { TrafficError, answerOf, connectTraffic } from '../embedded/demo/traffic-client.js'
import { loadEnvironmentFile } from '../startup/environment.js'
import { describeStartFailure } from '../startup/failure.js'
import { CannotMintError, mintDemoToken } from './mint-token.js'
import { addressOfService } from './running-service.js'

const HELP = `Puts, overwrites and removes files for a while, so that you can watch usage change.

  npm run demo:traffic -- [--url URL] [--seconds 30] [--token JWT] [--keep]

  --url      the running service; by default the one of DATA_DIR, or at HOST and PORT
  --seconds  how long
  --token    whose files; by default the demo organisation's admin's, signed as by npm run token
  --keep     leave the files in place

At the end, and after the first Ctrl-C, it removes the files that it put. A second Ctrl-C ends it at once.
`
const READ_EVERY_MS = 500
const SETTLE_TIMEOUT_MS = 5_000
const TOKEN_LIFETIME_SECONDS = 86_400

async function main (): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      url: { type: 'string' },
      seconds: { type: 'string', default: '30' },
      token: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (options.help) {
    console.log(HELP)
    return
  }
  const seconds = Number(options.seconds)
  if (!(seconds > 0 && seconds <= 24 * 60 * 60)) throw new TrafficError('--seconds must be a number of at most a day.')
  if (options.url !== undefined && !URL.canParse(options.url)) {
    throw new TrafficError('--url must be an address such as http://127.0.0.1:3000.')
  }

  loadEnvironmentFile()
  const config = loadConfig(process.env)
  const token = options.token ?? await mintDemoToken(config, TOKEN_LIFETIME_SECONDS)
  const client = connectTraffic(options.url ?? addressOfService(config), token)
  const before = await readUsage(client)
  console.log(`${before.orgKey} stores ${describe(before)}. Ctrl-C stops and tidies up.`)

  const traffic = new Traffic(client, DEMO_WORKFLOWS.map(({ workflowId }) => workflowId))
  const stop = new AbortController()
  process.once('SIGINT', () => { stop.abort() })
  // Not AbortSignal.timeout: within AbortSignal.any, Node.js 20 may garbage-collect it, and then it never fires.
  const timeUp = globalThis.setTimeout(() => { stop.abort() }, seconds * 1000)
  const running = traffic.run(stop.signal)
  try {
    await Promise.all([running, showProgress(client, traffic, seconds, stop.signal)])
    const { fileCount, totalBytes } = traffic.totals
    await expectTotals(client, { fileCount: before.fileCount + fileCount, totalBytes: before.totalBytes + totalBytes })
  } finally {
    clearTimeout(timeUp)
    stop.abort()
    await running.catch(() => {})
    if (!options.keep) {
      await traffic.removeAll()
      console.log('Removed what was put.')
      await expectTotals(client, before)
    }
  }
}

async function readUsage (client: ObjectsClient) {
  return await answerOf('GET /storage-usage', client.GET('/api/v1/objects/storage-usage'))
}

/** Shows a bar on a terminal, and plain lines elsewhere, until it is told to stop. */
async function showProgress (client: ObjectsClient, traffic: Traffic, seconds: number, stop: AbortSignal): Promise<void> {
  const bar = process.stdout.isTTY
    ? new cliProgress.SingleBar({ format: '{bar} {value}/{total} s | {state}', barsize: 20, hideCursor: true })
    : undefined
  const startedAtMs = performance.now()
  bar?.start(seconds, 0, { state: '' })
  try {
    while (!stop.aborted) {
      const usage = await readUsage(client)
      const { put, overwritten, removed } = traffic.counts
      const state = `${put} put, ${overwritten} overwritten, ${removed} removed | usage: ${describe(usage)}`
      const elapsedSeconds = Math.floor((performance.now() - startedAtMs) / 1000)
      if (bar === undefined) console.log(`${elapsedSeconds} s: ${state}`)
      else bar.update(elapsedSeconds, { state })
      await setTimeout(READ_EVERY_MS, undefined, { signal: stop }).catch(() => {})
    }
  } finally {
    bar?.stop()
  }
}

/** Reports whether the service comes to count exactly this; other traffic in the same organisation changes the result too. */
async function expectTotals (client: ObjectsClient, expected: { fileCount: number, totalBytes: number }): Promise<void> {
  const deadlineMs = performance.now() + SETTLE_TIMEOUT_MS
  for (;;) {
    const usage = await readUsage(client)
    if (usage.fileCount === expected.fileCount && usage.totalBytes === expected.totalBytes) {
      console.log(`Usage: ${describe(usage)}, exactly what is there.`)
      return
    }
    if (performance.now() > deadlineMs) {
      console.log(`Usage: ${describe(usage)}; there should be ${describe(expected)}.`)
      process.exitCode = 1
      return
    }
    await setTimeout(READ_EVERY_MS)
  }
}

function describe ({ fileCount, totalBytes }: { fileCount: number, totalBytes: number }): string {
  return `${fileCount} files, ${totalBytes.toLocaleString('en')} bytes`
}

main().catch((error: unknown) => {
  const isUsers = (error instanceof TypeError && errorCode(error) !== '') ||
    [TrafficError, CannotMintError].some((kind) => error instanceof kind)
  console.error(describeStartFailure(error) ?? (isUsers && error instanceof Error ? error.message : error))
  process.exit(1)
})
