#!/usr/bin/env node
import { TrafficError } from '../embedded/demo/traffic-client.js'
import { errorCode } from '../errors/error-code.js'
import { TransferError } from '../transfer/failures.js'
import type { Subcommand } from './transfer/subcommand.js'
import { EXIT_CLEAN, EXIT_COULD_NOT_RUN, UsageError } from './outcome.js'

const HELP = `Sends files to a running service, fetches them, and makes links to them.

  npx objects-storage put PATH… --workflow UUID --run UUID --outputs
  npx objects-storage get LINK…
  npx objects-storage get --workflow UUID --run UUID [--zip]
  npx objects-storage share KEY

"npx objects-storage put --help" says more, and so do "get --help" and "share --help".
`
const EXIT_STOPPED = 130

/** Each is loaded only when it is called. */
const subcommands = new Map<string, () => Promise<Subcommand>>([
  ['put', async () => (await import('./transfer/put.js')).put],
  ['get', async () => (await import('./transfer/get.js')).get],
  ['share', async () => (await import('./transfer/share.js')).share],
])

/** The first Ctrl-C asks the subcommand to stop, the second one ends it. */
async function main ([name = '', ...options]: readonly string[]): Promise<number> {
  const load = subcommands.get(name)
  if (load === undefined) {
    const isWanted = ['--help', '-h', 'help'].includes(name)
    process[isWanted ? 'stdout' : 'stderr'].write(HELP)
    return isWanted ? EXIT_CLEAN : EXIT_COULD_NOT_RUN
  }
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => { interrupted.abort(new DOMException('Stopped.', 'AbortError')) })
  }
  const subcommand = await load()
  try {
    const exitCode = await subcommand.run(options, interrupted.signal)
    if (exitCode !== undefined) return exitCode
    console.log(subcommand.help)
    return EXIT_CLEAN
  } catch (error) {
    if (interrupted.signal.aborted) {
      console.error('Stopped. The same command continues from here.')
      return EXIT_STOPPED
    }
    console.error(describeFailure(error))
    return EXIT_COULD_NOT_RUN
  }
}

/** In words that contain neither links nor tokens. */
function describeFailure (error: unknown): string {
  if (!(error instanceof Error)) return 'Something went wrong.'
  const isForeseen = [TransferError, TrafficError, UsageError].some((kind) => error instanceof kind) ||
    errorCode(error).startsWith('ERR_PARSE_ARGS_')
  return isForeseen ? error.message : `Something went wrong: ${error.stack ?? error.message}`
}

process.exitCode = await main(process.argv.slice(2))
