import { parseArgs } from 'node:util'
import { Value } from '@sinclair/typebox/value'
import { countCataloguedFiles } from '../db/usage/catalogue-size.js'
import type { VerificationCounts } from '../db/verifications.js'
import { redactObjectKey } from '../objects/redacted-key.js'
import { OrgKeySchema } from '../schemas/identifiers.js'
import { type Mismatch, type VerificationResult, verifyFiles } from '../verify/run.js'
import { runCommand, withService } from './command.js'
import { showProgress } from './progress.js'
import { EXIT_CLEAN, EXIT_COULD_NOT_RUN, EXIT_DIFFERENCES, UsageError } from './outcome.js'

const HELP = `Reads files from the object storage again, and compares their bytes with what they were or were said to be.
Downloads and lists then show their SHA-256.

  npm run verify -- [--org KEY] [--sample P] [--rate N] [--restart] [--reveal-keys] [--json]

  --org          only this organisation's files
  --sample       only so many files in a hundred, chosen at random
  --rate         read no more than this many MiB per second
  --restart      start from the beginning, even if the last one stopped half-way; otherwise it resumes from there
  --reveal-keys  name files by their keys, not by a hash
  --json         the result as JSON

It changes no file. It is safe beside the running service, except with the embedded database: stop the service first.
Ctrl-C stops it, and the next one resumes from there.

Exit code: 0 all are unchanged, 1 some differ, could not be read, or are left to read, 2 it could not run.
`
const BYTES_PER_MIB = 1024 * 1024
/** How many the JSON names; the text names all. */
const MISMATCHES_SHOWN = 100

interface Options {
  orgKey: string | undefined
  share: number
  bytesPerSecond: number | undefined
  restart: boolean
  revealKeys: boolean
  asJson: boolean
}

runCommand(HELP, async (signal) => {
  const options = readOptions()
  if (options === undefined) return undefined
  const { orgKey, share, asJson, revealKeys } = options
  const mismatches: Array<{ key: string, algorithm: string, than: string }> = []
  const onMismatch = ({ objectKey, algorithm, than }: Mismatch) => {
    const key = revealKeys ? objectKey : redactObjectKey(objectKey)
    if (!asJson) console.log(`${key}  its ${algorithm} is not what was ${than}`)
    else if (mismatches.length < MISMATCHES_SHOWN) mismatches.push({ key, algorithm, than })
  }
  const result = await withService(async (app) => {
    const expectedCount = Math.ceil(await countCataloguedFiles(app.database, orgKey) * share)
    const progress = asJson ? undefined : showProgress(expectedCount)
    try {
      return await verifyFiles({ database: app.database, storage: app.objectStorage }, {
        ...options, signal, onMismatch, onProgress: (counts) => progress?.update(counts.readCount, summary(counts)),
      })
    } finally {
      progress?.stop()
    }
  })
  if (result === undefined) {
    console.error('Another verify is running: wait for it to end.')
    return EXIT_COULD_NOT_RUN
  }
  console.log(asJson ? JSON.stringify({ ...jsonOf(options, result), mismatches }) : describe(result))
  const { mismatchCount, unreadableCount } = result.counts
  return mismatchCount > 0 || unreadableCount > 0 || result.isInterrupted ? EXIT_DIFFERENCES : EXIT_CLEAN
})

function readOptions (): Options | undefined {
  const { values } = parseArgs({
    options: {
      org: { type: 'string' },
      sample: { type: 'string', default: '100' },
      rate: { type: 'string' },
      restart: { type: 'boolean', default: false },
      'reveal-keys': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const { org: orgKey } = values
  if (orgKey !== undefined && !Value.Check(OrgKeySchema, orgKey)) throw new UsageError('--org must be the key of an organisation.')
  const percent = Number(values.sample)
  if (!(percent > 0 && percent <= 100)) throw new UsageError('--sample must be a number above 0, and 100 at most.')
  const mebibytes = values.rate === undefined ? undefined : Number(values.rate)
  if (mebibytes !== undefined && !(mebibytes > 0)) throw new UsageError('--rate must be a number of MiB per second.')
  return {
    orgKey,
    share: percent / 100,
    bytesPerSecond: mebibytes === undefined ? undefined : mebibytes * BYTES_PER_MIB,
    restart: values.restart,
    revealKeys: values['reveal-keys'],
    asJson: values.json,
  }
}

function summary ({ readBytes, mismatchCount }: VerificationCounts): string {
  return `${readBytes.toLocaleString('en')} bytes, ${mismatchCount} mismatches`
}

function describe ({ counts, isResumed, isInterrupted }: VerificationResult): string {
  const { readCount, readBytes, mismatchCount, unreadableCount } = counts
  return [
    ...isResumed ? ['It resumed where the last one stopped.'] : [],
    `Read ${readCount.toLocaleString('en')} files of ${readBytes.toLocaleString('en')} bytes: ${mismatchCount} mismatches.`,
    ...unreadableCount > 0 ? [`${unreadableCount} files could not be read: the object storage does not let this service read them.`] : [],
    ...isInterrupted ? ['It was stopped; the next one resumes from here.'] : [],
  ].join('\n')
}

function jsonOf ({ orgKey, share }: Options, { counts, isResumed, isInterrupted }: VerificationResult) {
  return {
    status: isInterrupted ? 'interrupted' : 'complete',
    orgKey: orgKey ?? null,
    sample: share * 100,
    resumed: isResumed,
    read: counts.readCount,
    readBytes: String(counts.readBytes),
    mismatched: counts.mismatchCount,
    unreadable: counts.unreadableCount,
  }
}
