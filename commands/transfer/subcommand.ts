import { parseArgs } from 'node:util'
import { TransferError } from '../../transfer/failures.js'
import { UUID_PATTERN } from '../../objects/object-key.js'

/** A subcommand of `objects-storage`. */
export interface Subcommand {
  /** What it is for and how to call it. */
  help: string
  /**
   * @param signal asks it to stop
   * @returns its exit code, or undefined if it was asked for its help
   * @throws {TransferError} if it could not run
   */
  run: (options: readonly string[], signal: AbortSignal) => Promise<number | undefined>
}

/** Some files were not sent or fetched. */
export const EXIT_INCOMPLETE = 1

const PARALLEL_MAX = 64
const uuid = new RegExp(UUID_PATTERN)

const sharedOptions = {
  url: { type: 'string' },
  workflow: { type: 'string' },
  run: { type: 'string' },
  inputs: { type: 'boolean', default: false },
  outputs: { type: 'boolean', default: false },
  force: { type: 'boolean', default: false },
  to: { type: 'string' },
  zip: { type: 'boolean', default: false },
  tar: { type: 'boolean', default: false },
  parallel: { type: 'string', default: '4' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/**
 * Reads the options that put and get share.
 *
 * @param unknown the options that this subcommand does not have
 * @throws TypeError with a message for the caller
 */
export function readOptions (args: readonly string[], unknown: ReadonlyArray<keyof typeof sharedOptions>) {
  const options = Object.fromEntries(Object.entries(sharedOptions).filter(([name]) => !unknown.some((other) => other === name)))
  parseArgs({ args: [...args], allowPositionals: true, options })
  return parseArgs({ args: [...args], allowPositionals: true, options: sharedOptions })
}

export type Options = ReturnType<typeof readOptions>['values']

/** Which files of a run are meant; undefined means all. */
export function readDirection ({ inputs, outputs }: Options): 'inputs' | 'outputs' | undefined {
  if (inputs === outputs) return undefined
  return inputs ? 'inputs' : 'outputs'
}

/** @throws {TransferError} */
export function readParallel (text: string): number {
  const parallel = Number(text)
  if (Number.isInteger(parallel) && parallel >= 1 && parallel <= PARALLEL_MAX) return parallel
  throw new TransferError(`--parallel must be a number from 1 to ${PARALLEL_MAX}.`)
}

/**
 * Reads which run is meant: `--workflow` and `--run`, or both in `--run WORKFLOW/RUN`.
 *
 * @throws {TransferError}
 */
export function readRun ({ workflow, run = '' }: { workflow?: string | undefined, run?: string | undefined }) {
  const [workflowId = '', runId = '', ...rest] = workflow === undefined ? run.toLowerCase().split('/') : [workflow, run].map((id) => id.toLowerCase())
  if (uuid.test(workflowId) && uuid.test(runId) && rest.length === 0) return { workflowId, runId }
  throw new TransferError('Name the run: --workflow UUID --run UUID, or --run WORKFLOW/RUN.')
}
