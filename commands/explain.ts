import { parseArgs } from 'node:util'
import { Value } from '@sinclair/typebox/value'
import { countCataloguedFiles } from '../db/usage/catalogue-size.js'
import { type UsageComparison, compareUsage } from '../reconcile/compare-usage.js'
import type { DirectionTallies, Tally, UsageScope } from '../db/usage/tallies.js'
import { redactObjectKey } from '../objects/redacted-key.js'
import { OrgKeySchema, UuidSchema } from '../schemas/identifiers.js'
import { runCommand, withService } from './command.js'
import { showProgress } from './progress.js'
import { EXIT_CLEAN, EXIT_DIFFERENCES, UsageError } from './outcome.js'

const HELP = `Shows where an organisation's figures come from: the kept sums, those of runs, the sums over rows,
and the bucket's listing.

  npm run explain -- --org KEY [--workflow ID] [--user ID] [--limit N] [--reveal-keys] [--json]

  --org          whose files
  --workflow     only those of this workflow
  --user         only those that this user created
  --limit        how many differing keys to name (20)
  --reveal-keys  name them by their keys, not by a hash
  --json         the result as JSON

It changes nothing; \`npm run reconcile\` does. Files that are added or removed while it looks show as differences.

Exit code: 0 all four agree, 1 they differ, 2 it could not run.
`

interface Options {
  scope: UsageScope
  limit: number
  revealKeys: boolean
  asJson: boolean
}

runCommand(HELP, async (signal) => {
  const options = readOptions()
  if (options === undefined) return undefined
  const { scope, limit, asJson } = options
  const comparison = await withService(async (app) => {
    const progress = asJson ? undefined : showProgress(await countCataloguedFiles(app.database, scope.orgKey))
    try {
      return await compareUsage(app.database, app.listBucket, scope, {
        limit, signal, onProgress: (listedCount) => progress?.update(listedCount, 'looked at'),
      })
    } finally {
      progress?.stop()
    }
  })
  const { rows, bucket, differenceCount } = comparison
  const agrees = differenceCount === 0 && isKeptRight(comparison) && isSame(rows, bucket)
  console.log(asJson ? JSON.stringify(jsonOf(options, comparison, agrees)) : describe(options, comparison, agrees))
  return agrees ? EXIT_CLEAN : EXIT_DIFFERENCES
})

function readOptions (): Options | undefined {
  const { values } = parseArgs({
    options: {
      org: { type: 'string' },
      workflow: { type: 'string' },
      user: { type: 'string' },
      limit: { type: 'string', default: '20' },
      'reveal-keys': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const { org, limit } = values
  const [workflow, user] = [values.workflow?.toLowerCase(), values.user?.toLowerCase()]
  if (!Value.Check(OrgKeySchema, org)) throw new UsageError('--org must be the key of an organisation.')
  if (workflow !== undefined && !Value.Check(UuidSchema, workflow)) throw new UsageError('--workflow must be a UUID.')
  if (user !== undefined && !Value.Check(UuidSchema, user)) throw new UsageError('--user must be a UUID.')
  if (!/^\d{1,6}$/.test(limit)) throw new UsageError('--limit must be a number of keys.')
  return {
    scope: { orgKey: org, workflowId: workflow, createdBy: user },
    limit: Number(limit),
    revealKeys: values['reveal-keys'],
    asJson: values.json,
  }
}

function isSame (one: DirectionTallies, other: DirectionTallies): boolean {
  return (['inputs', 'outputs'] as const).every((direction) =>
    one[direction].fileCount === other[direction].fileCount && one[direction].sizeBytes === other[direction].sizeBytes)
}

function isKeptRight ({ kept, runs, rows }: UsageComparison): boolean {
  return isSame(kept, rows) && isSame(runs, rows)
}

const sources = [['kept', 'kept sums'], ['runs', 'sums of runs'], ['rows', 'sum over rows'], ['bucket', 'bucket']] as const

function describe ({ revealKeys }: Options, comparison: UsageComparison, agrees: boolean): string {
  const cell = (text: string) => text.padStart(22)
  const line = (name: string, cells: string[]) => name.padEnd(16) + cells.map(cell).join('')
  const amount = ({ fileCount, sizeBytes }: Tally) => `${sizeBytes.toLocaleString('en')} in ${fileCount.toLocaleString('en')}`
  const { differences, differenceCount } = comparison
  return [
    line('bytes in files', ['inputs', 'outputs', 'total']),
    ...sources.map(([source, name]) => {
      const { inputs, outputs } = comparison[source]
      return line(name, [amount(inputs), amount(outputs), amount(totalOf(comparison[source]))])
    }),
    ...differenceCount > 0 ? [`${differenceCount.toLocaleString('en')} keys differ:`] : [],
    ...differences.map(({ objectKey, storedBytes, countedBytes }) =>
      `  ${revealKeys ? objectKey : redactObjectKey(objectKey)}  ` +
        `${storedBytes === undefined ? 'not in the bucket' : `${storedBytes.toLocaleString('en')} bytes in the bucket`}, ` +
        `${countedBytes === undefined ? 'not counted' : `${countedBytes.toLocaleString('en')} bytes counted`}`),
    ...differenceCount > differences.length ? ['  …'] : [],
    ...differenceCount > 0 ? ['`npm run reconcile` makes the rows agree with the bucket.'] : [],
    ...isKeptRight(comparison)
      ? []
      : [
          'The kept sums are not what the rows add up to. That should never happen, except for those of runs while ' +
          '/health/ready says that the service counts them: please report it.',
        ],
    ...agrees ? ['All four agree.'] : [],
  ].join('\n')
}

function totalOf ({ inputs, outputs }: DirectionTallies): Tally {
  return { fileCount: inputs.fileCount + outputs.fileCount, sizeBytes: inputs.sizeBytes + outputs.sizeBytes }
}

/** Sums are text, since they may exceed what a JSON number can state exactly. */
function jsonOf ({ scope, revealKeys }: Options, comparison: UsageComparison, agrees: boolean) {
  const amount = ({ fileCount, sizeBytes }: Tally) => ({ files: String(fileCount), bytes: String(sizeBytes) })
  return {
    ...scope,
    agrees,
    ...Object.fromEntries(sources.map(([source]) => {
      const { inputs, outputs } = comparison[source]
      return [source, { inputs: amount(inputs), outputs: amount(outputs), total: amount(totalOf(comparison[source])) }]
    })),
    differenceCount: comparison.differenceCount,
    differences: comparison.differences.map(({ objectKey, storedBytes, countedBytes }) => ({
      key: revealKeys ? objectKey : redactObjectKey(objectKey),
      storedBytes: storedBytes ?? null,
      countedBytes: countedBytes === undefined ? null : String(countedBytes),
    })),
  }
}
