import { parseArgs } from 'node:util'
import type { FastifyInstance } from 'fastify'
import { RANGES_MAX } from '../config/settings/usage.js'
import { countCataloguedFiles } from '../db/usage/catalogue-size.js'
import { noCounts } from '../reconcile/counts.js'
import type { ReconcileRequest, ReconcileResult } from '../reconcile/run.js'
import { orgKeyOfPrefix, prefixOf } from '../objects/object-key.js'
import type { ReconcileCounts } from '../db/reconcile/reconciliations.js'
import { redactObjectKey } from '../objects/redacted-key.js'
import { runCommand, withService } from './command.js'
import { showProgress } from './progress.js'
import { EXIT_CLEAN, EXIT_COULD_NOT_RUN, EXIT_DIFFERENCES, UsageError } from './outcome.js'

const HELP = `Makes what is counted agree with what the bucket holds: adds what is missing, removes what is gone, corrects sizes.

  npm run reconcile -- [--org KEY] [--prefix P] [--dry-run] [--rate N] [--parallel N] [--restart]
                       [--allow-empty] [--show-foreign [--reveal-keys]] [--json]

  --org           only this organisation's files
  --prefix        only files whose object keys begin with this
  --dry-run       count the differences without settling them
  --rate          look at no more than this many objects per second
  --parallel      compare up to this many ranges of keys side by side, at most 16; by default as RECONCILE_PARALLEL says
  --restart       start from the beginning, even if the last one stopped half-way; otherwise it resumes from there
  --allow-empty   continue even though the bucket is empty while files are counted; otherwise that is taken for a mistake
  --show-foreign  name some of the objects whose keys do not have this service's form
  --reveal-keys   name them by their keys, not by a hash
  --json          the result as JSON

It is safe beside the running service, except with the embedded database: then use POST /api/v1/objects/reconcile instead.
Ctrl-C stops it, and the next one resumes from there.

Exit code: 0 nothing differs (any more), 1 differences remain, 2 it could not run.
`
const FOREIGN_SHOWN = 20

interface Options {
  request: ReconcileRequest
  showForeign: boolean
  revealKeys: boolean
  asJson: boolean
}

interface Outcome {
  counts: ReconcileResult
  isResumed: boolean
  isInterrupted: boolean
  foreign: Array<{ key: string, bytes: number }>
}

runCommand(HELP, async (signal) => {
  const options = readOptions()
  if (options === undefined) return undefined
  return await withService(async (app) => {
    const outcome = await run(app, options, signal)
    if (outcome === undefined) {
      console.error('Another reconcile is running: wait for it to end.')
      return EXIT_COULD_NOT_RUN
    }
    if (options.asJson) console.log(JSON.stringify(jsonOf(options, outcome)))
    else console.log(describe(options, outcome))
    const { addedCount, removedCount, correctedCount, unsettledCount, disorderedOrgKeys } = outcome.counts
    const leftCount = disorderedOrgKeys.length +
      (options.request.dryRun === true ? addedCount + removedCount + correctedCount : unsettledCount)
    return leftCount > 0 || outcome.isInterrupted ? EXIT_DIFFERENCES : EXIT_CLEAN
  })
})

function readOptions (): Options | undefined {
  const { values } = parseArgs({
    options: {
      org: { type: 'string' },
      prefix: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      rate: { type: 'string' },
      parallel: { type: 'string' },
      restart: { type: 'boolean', default: false },
      'allow-empty': { type: 'boolean', default: false },
      'show-foreign': { type: 'boolean', default: false },
      'reveal-keys': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const { org } = values
  const orgPrefix = org === undefined ? '' : prefixOf({ orgKey: org })
  const { prefix = orgPrefix } = values
  if (org !== undefined && orgKeyOfPrefix(orgPrefix) !== org) throw new UsageError('--org must be the key of an organisation.')
  if (!prefix.startsWith(orgPrefix)) throw new UsageError('--prefix must begin with the organisation of --org.')
  const keysPerSecond = values.rate === undefined ? undefined : Number(values.rate)
  if (keysPerSecond !== undefined && !(keysPerSecond > 0)) throw new UsageError('--rate must be a number of objects per second.')
  const parallel = values.parallel === undefined ? undefined : Number(values.parallel)
  if (parallel !== undefined && !(Number.isInteger(parallel) && parallel >= 1 && parallel <= RANGES_MAX)) {
    throw new UsageError(`--parallel must be a number of ranges from 1 to ${RANGES_MAX}.`)
  }
  return {
    request: {
      prefix, dryRun: values['dry-run'], restart: values.restart, allowEmptyBucket: values['allow-empty'], keysPerSecond, parallel,
    },
    showForeign: values['show-foreign'],
    revealKeys: values['reveal-keys'],
    asJson: values.json,
  }
}

async function run (app: FastifyInstance, options: Options, signal: AbortSignal): Promise<Outcome | undefined> {
  const { request, showForeign, revealKeys, asJson } = options
  const progress = asJson
    ? undefined
    : showProgress(await countCataloguedFiles(app.database, orgKeyOfPrefix(request.prefix)))
  const foreign: Outcome['foreign'] = []
  let counts: ReconcileResult = { ...noCounts, disorderedOrgKeys: [] }
  try {
    const started = await app.reconciliation.start({
      ...request,
      signal,
      onForeign: ({ objectKey, sizeBytes }) => {
        if (!showForeign || foreign.length >= FOREIGN_SHOWN) return
        foreign.push({ key: revealKeys ? objectKey : redactObjectKey(objectKey), bytes: sizeBytes })
      },
      onProgress: (current) => {
        counts = { ...current, disorderedOrgKeys: [] }
        progress?.update(counts.listedCount, summary(counts))
      },
    })
    if (started === undefined) return undefined
    const isResumed = started.reconciliation !== undefined && started.reconciliation.checkpoint !== ''
    try {
      counts = await started.done
    } catch (error) {
      if (!signal.aborted) throw error
    }
    return { counts, isResumed, isInterrupted: signal.aborted, foreign }
  } finally {
    progress?.stop()
  }
}

function summary ({ addedCount, removedCount, correctedCount }: ReconcileCounts): string {
  return `${addedCount} added, ${removedCount} removed, ${correctedCount} corrected`
}

function describe ({ request, showForeign }: Options, { counts, isResumed, isInterrupted, foreign }: Outcome): string {
  const { listedCount, leftCount, unsettledCount, foreignCount, foreignBytes, disorderedOrgKeys } = counts
  return [
    ...isResumed ? ['It resumed where the last one stopped.'] : [],
    `Looked at ${listedCount.toLocaleString('en')} objects: ${summary(counts)}${request.dryRun === true ? ', if it were not a dry run' : ''}.`,
    ...leftCount > 0 ? [`${leftCount} changed meanwhile: their events will settle them.`] : [],
    ...unsettledCount > 0 ? [`${unsettledCount} differences are left: the database refuses them.`] : [],
    ...disorderedOrgKeys.length > 0
      ? [`Left out, since the object storage does not list their keys in order: ${disorderedOrgKeys.join(', ')}. ` +
          'Have its operator check the bucket\'s index, then reconcile again.']
      : [],
    ...foreignCount > 0
      ? [`${foreignCount} objects of ${foreignBytes.toLocaleString('en')} bytes have keys of another form, and are not counted` +
          `${showForeign ? ':' : ' (--show-foreign names some).'}`]
      : [],
    // A key of another form may contain control characters that a terminal would obey.
    ...foreign.map(({ key, bytes }) => `  ${key.replace(/\p{Cc}/gu, '\uFFFD')}  ${bytes.toLocaleString('en')} bytes`),
    ...isInterrupted ? ['It was stopped; the next one resumes from here.'] : [],
  ].join('\n')
}

function jsonOf ({ request }: Options, { counts, isResumed, isInterrupted, foreign }: Outcome) {
  return {
    status: isInterrupted ? 'interrupted' : 'complete',
    prefix: request.prefix,
    dryRun: request.dryRun === true,
    resumed: isResumed,
    listed: counts.listedCount,
    added: counts.addedCount,
    removed: counts.removedCount,
    corrected: counts.correctedCount,
    left: counts.leftCount,
    unsettled: counts.unsettledCount,
    disordered: counts.disorderedOrgKeys,
    foreign: { count: counts.foreignCount, bytes: Number(counts.foreignBytes), sample: foreign },
  }
}
