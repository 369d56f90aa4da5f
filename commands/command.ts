import type { FastifyInstance } from 'fastify'
import { errorCode } from '../errors/error-code.js'
import { build, buildStore } from '../app.js'
import { loadConfig } from '../config.js'
import { describeDatabaseFailure, isDatabaseUnavailable } from '../db/connection/availability.js'
import { TrafficError } from '../embedded/demo/traffic-client.js'
import { EmptyBucketError } from '../reconcile/run.js'
import { loadEnvironmentFile } from '../startup/environment.js'
import { describeStartFailure } from '../startup/failure.js'
import { MalformedListingError } from '../store/listing-document.js'
import { ObjectStorageRefused, ObjectStorageUnavailable } from '../store/failures.js'
import { CannotMintError } from './mint-token.js'
import { EXIT_CLEAN, EXIT_COULD_NOT_RUN, UsageError } from './outcome.js'

type Command = (signal: AbortSignal) => Promise<number | undefined>

/**
 * Runs a command on the service's own parts, with the service's configuration, and ends the process with its exit code. The
 * first Ctrl-C asks the command to stop, the second one ends it.
 *
 * @param help what the command is for and how to call it
 * @param command receives a signal that asks it to stop; resolves with its exit code, or undefined if it was asked for its help
 */
export function runCommand (help: string, command: Command): void {
  const interrupted = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => { interrupted.abort(new DOMException('Stopped.', 'AbortError')) })
  }
  runInEnvironment(command, interrupted.signal).then((exitCode) => {
    if (exitCode === undefined) console.log(help)
    process.exitCode = exitCode ?? EXIT_CLEAN
  }, (error: unknown) => {
    console.error(describeFailure(error))
    process.exitCode = EXIT_COULD_NOT_RUN
  })
}

async function runInEnvironment (command: Command, signal: AbortSignal): Promise<number | undefined> {
  loadEnvironmentFile()
  return await command(signal)
}

/** Builds the service's parts for as long as the work takes; nothing listens, and nothing is logged. */
export async function withService<Result> (work: (app: FastifyInstance) => Promise<Result>): Promise<Result> {
  return await withParts(build(loadConfig({ ...process.env, LOG_LEVEL: 'silent' })), work)
}

/**
 * Like `withService`, but builds only what reaches the bucket, and needs no keys for tokens.
 *
 * @throws {UsageError} if the object storage is the embedded one
 */
export async function withBucket<Result> (work: (app: FastifyInstance) => Promise<Result>): Promise<Result> {
  // With a URL set, the embedded database is not used: a running service keeps its folder to itself.
  const environment = { ...process.env, DATABASE_URL: 'postgres://127.0.0.1/unused' }
  const config = loadConfig(environment, { verifiesTokens: false })
  if (config.S3_ENDPOINT === undefined) throw new UsageError('S3_ENDPOINT is missing: the embedded object storage needs no preparation.')
  return await withParts(buildStore(config), work)
}

async function withParts<Result> (app: FastifyInstance, work: (app: FastifyInstance) => Promise<Result>): Promise<Result> {
  try {
    await app.ready()
    return await work(app)
  } finally {
    await app.close()
  }
}

/** What kept a command from doing its work, in words that contain no object keys. */
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
