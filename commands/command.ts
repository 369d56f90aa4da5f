import type { FastifyInstance } from 'fastify'
import { errorCode } from '../errors/error-code.js'
import { build } from '../app.js'
import { loadConfig } from '../config.js'
import { describeDatabaseFailure, isDatabaseUnavailable } from '../db/connection/availability.js'
import { TrafficError } from '../embedded/demo/traffic-client.js'
import { EmptyBucketError } from '../reconcile/run.js'
import { loadEnvironmentFile } from '../startup/environment.js'
import { describeStartFailure } from '../startup/failure.js'
import { MalformedListingError } from '../store/listing-document.js'
import { ObjectStorageRefused, ObjectStorageUnavailable } from '../store/failures.js'
import { CannotMintError } from './mint-token.js'

/** How a command ended, as its exit code. */
export const EXIT_CLEAN = 0
export const EXIT_DIFFERENCES = 1
export const EXIT_COULD_NOT_RUN = 2

/** The command was called in a way that makes no sense. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/**
 * Runs a command over the service's own parts, with the service's configuration, and ends the process with its exit code.
 * The first Ctrl-C asks the command to stop, the second one ends it.
 *
 * @param command is given the parts, ready to use but not listening, and a signal that asks it to stop
 */
export function runCommand (command: (signal: AbortSignal) => Promise<number>): void {
  const interrupted = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => { interrupted.abort(new DOMException('Stopped.', 'AbortError')) })
  }
  runInEnvironment(command, interrupted.signal).then((exitCode) => { process.exitCode = exitCode }, (error: unknown) => {
    console.error(describeFailure(error))
    process.exitCode = EXIT_COULD_NOT_RUN
  })
}

async function runInEnvironment (command: (signal: AbortSignal) => Promise<number>, signal: AbortSignal): Promise<number> {
  loadEnvironmentFile()
  return await command(signal)
}

/** Builds the service's parts for the time of some work; nothing listens, and nothing is logged. */
export async function withService<Result> (work: (app: FastifyInstance) => Promise<Result>): Promise<Result> {
  const app = build(loadConfig({ ...process.env, LOG_LEVEL: 'silent' }))
  try {
    await app.ready()
    return await work(app)
  } finally {
    await app.close()
  }
}

/** What kept a command from doing its work, in words that hold no object keys. */
export function describeFailure (error: unknown): string {
  const startFailure = describeStartFailure(error)
  if (startFailure !== undefined) return startFailure
  if (!(error instanceof Error)) return 'Something went wrong.'
  if (isDatabaseUnavailable(error)) return `DATABASE_URL: ${describeDatabaseFailure(error)}`
  const isOurs = [
    CannotMintError, EmptyBucketError, MalformedListingError, ObjectStorageRefused, ObjectStorageUnavailable, TrafficError,
    UsageError,
  ].some((kind) => error instanceof kind)
  const isOfArguments = error instanceof TypeError && errorCode(error).startsWith('ERR_PARSE_ARGS_')
  return isOurs || isOfArguments ? error.message : `Something went wrong: ${error.stack ?? error.message}`
}
