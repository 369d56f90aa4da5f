import { parseArgs } from 'node:util'
import type { FastifyInstance } from 'fastify'
import { orgKeyOfPrefix, prefixOf } from '../objects/object-key.js'
import { redactObjectKey } from '../objects/redacted-key.js'
import type { UploadsRange } from '../store/upload-listing.js'
import {
  type AbortOutcome, type KnownUpload, abortUnfinishedUploads, listUnfinishedUploads,
} from '../uploads/abort-unfinished.js'
import { runCommand, withService } from './command.js'
import { secondsOf } from './duration.js'
import { showProgress } from './progress.js'
import { EXIT_CLEAN, EXIT_DIFFERENCES, UsageError } from './outcome.js'

const HELP = `Lists or aborts unfinished uploads in the bucket, no matter who began them. Their parts cost money.

  npm run uploads -- list  [--older-than AGE] [--org KEY] [--reveal-keys] [--json]
  npm run uploads -- abort --older-than AGE [--org KEY] [--dry-run] [--reveal-keys] [--json]

  list   name them, with the time at which they began, their bytes, and whose they are: open and given-up ones were begun with
         this service, others were not
  abort  end them, and remove their parts; open ones, which their senders may still complete, are left

  --older-than   only those that began at least this long ago: 90s, 15m, 12h or 7d, by the object storage's clock
  --org          only those whose keys begin with this organisation's key
  --dry-run      name those that would be aborted, and abort none
  --reveal-keys  name object keys, not a hash of them
  --json         one JSON object per line, for each upload

It is safe beside the running service, except with the embedded database. Ctrl-C stops it.

Exit code: 0 done, 1 the object storage refuses to abort some, 2 it could not run.
`

interface Options {
  action: 'list' | 'abort'
  prefix: string
  minAgeMs: number
  isDryRun: boolean
  revealKeys: boolean
  asJson: boolean
}

interface Sum {
  count: number
  bytes: number
}

runCommand(HELP, async (signal) => {
  const options = readOptions()
  if (options === undefined) return undefined
  return await withService(async (app) => await run(app, options, signal))
})

function readOptions (): Options | undefined {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'older-than': { type: 'string' },
      org: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      'reveal-keys': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const [action, ...others] = positionals
  if (others.length > 0 || (action !== 'list' && action !== 'abort')) throw new UsageError('Say what to do: list or abort.')
  const { org, 'older-than': olderThan } = values
  if (action === 'abort' && olderThan === undefined) throw new UsageError('abort needs --older-than, such as 7d.')
  const minAgeMs = olderThan === undefined ? -Infinity : secondsOf(olderThan) * 1000
  if (Number.isNaN(minAgeMs)) throw new UsageError('--older-than must be a time such as 90s, 15m, 12h or 7d.')
  const prefix = org === undefined ? '' : prefixOf({ orgKey: org })
  if (org !== undefined && orgKeyOfPrefix(prefix) !== org) throw new UsageError('--org must be the key of an organisation.')
  return {
    action, prefix, minAgeMs, isDryRun: values['dry-run'], revealKeys: values['reveal-keys'], asJson: values.json,
  }
}

async function run (app: FastifyInstance, options: Options, signal: AbortSignal): Promise<number> {
  const { action, prefix, minAgeMs, isDryRun, asJson } = options
  const { database, objectStorage: { multipart } } = app
  const range = { prefix, minAgeMs, signal }
  const none = (): Sum => ({ count: 0, bytes: 0 })
  const sums: Record<AbortOutcome, Sum> = { listed: none(), open: none(), aborted: none(), refused: none() }
  const progress = asJson ? undefined : showProgress(await countUploads(app, range), 'uploads')
  const lines: string[] = []
  let seenCount = 0
  const isListed = action === 'list' || isDryRun
  try {
    const walk = isListed ? listUnfinishedUploads : abortUnfinishedUploads
    for await (const { seen, known } of walk(database, multipart, range)) {
      seenCount += seen
      for (const upload of known) {
        const outcome = action === 'abort' && upload.state === 'open' ? 'open' : upload.outcome
        sums[outcome].count++
        sums[outcome].bytes += upload.partBytes
        const isShown = action === 'list' || asJson || outcome === 'refused' || (isDryRun && outcome === 'listed')
        if (isShown) console.log(lineOf(upload, options))
      }
      progress?.update(seenCount, describe(sums, options))
    }
  } catch (error) {
    if (!signal.aborted) throw error
    lines.push('It was stopped.')
  } finally {
    progress?.stop()
  }
  if (!asJson) console.log([describe(sums, options), ...lines].join(' '))
  return sums.refused.count > 0 || signal.aborted ? EXIT_DIFFERENCES : EXIT_CLEAN
}

/** Takes one request for each thousand uploads. */
async function countUploads ({ objectStorage }: FastifyInstance, range: UploadsRange): Promise<number> {
  let count = 0
  for await (const { uploads } of objectStorage.multipart.list(range)) count += uploads.length
  return count
}

function lineOf (upload: KnownUpload & { outcome: AbortOutcome }, { revealKeys, asJson, isDryRun, action }: Options): string {
  const { objectKey, beganAt, partBytes, state, outcome } = upload
  const key = revealKeys ? objectKey : redactObjectKey(objectKey)
  if (!asJson) {
    // A key of another form may contain control characters that a terminal would obey.
    const shownKey = key.replace(/\p{Cc}/gu, '\uFFFD')
    const columns = [beganAt.toISOString(), String(partBytes).padStart(16), state.padEnd(8), shownKey]
    return [...columns, ...outcome === 'refused' ? ['refused'] : []].join('  ')
  }
  const became = action === 'list' ? {} : { aborted: outcome === 'aborted', ...isDryRun ? { dryRun: true } : {} }
  return JSON.stringify({ key, beganAt: beganAt.toISOString(), bytes: partBytes, state, ...became })
}

function describe ({ listed, open, aborted, refused }: Record<AbortOutcome, Sum>, { action, isDryRun }: Options): string {
  const inWords = ({ count, bytes }: Sum) => `${count.toLocaleString('en')} unfinished uploads of ${bytes.toLocaleString('en')} bytes`
  if (action === 'list') return `Found ${inWords(listed)}.`
  return [
    isDryRun ? `Would abort ${inWords(listed)}.` : `Aborted ${inWords(aborted)}.`,
    ...open.count > 0 ? [`Left ${inWords(open)}, which are open.`] : [],
    ...refused.count > 0 ? [`The object storage refuses to abort ${inWords(refused)}.`] : [],
  ].join(' ')
}
