import { parseArgs } from 'node:util'
import type { FastifyInstance } from 'fastify'
import { type SetAsideFilter, type SetAsideRow, discardSetAside, listSetAside } from '../db/events/set-aside-records.js'
import { redactObjectKey } from '../objects/redacted-key.js'
import { isLeft, keysOf, replaySetAside } from '../reconcile/replay-set-aside.js'
import { runCommand, withService } from './command.js'
import { EXIT_CLEAN, EXIT_DIFFERENCES, UsageError } from './outcome.js'

const HELP = `Deals with records of notifications that were set aside because they could not be counted when they came.

  npm run set-aside -- list | replay | discard [--id ID] [--reason R] [--since TIME] [--all] [--reveal-keys] [--json]
  npm run set-aside -- show --id ID [--reveal-keys]

  list     name them, the oldest first
  show     print one as it came; without --reveal-keys its texts are left out
  replay   read them again, ask the bucket what their keys are now, count that, and remove the records
  discard  remove them

  --id           only this one
  --reason       only those with this reason
  --since        only those that came then or later, such as 2026-01-31 or 2026-01-31T12:00:00Z
  --all          all of them, for discard
  --reveal-keys  name object keys, not a hash of them
  --json         one JSON object per line

Exit code: 0 done, 1 a record that cannot be replayed is left, 2 it could not run.
`
const PAGE_ROWS = 500

interface Options {
  action: 'list' | 'show' | 'replay' | 'discard'
  filter: SetAsideFilter
  revealKeys: boolean
  asJson: boolean
}

runCommand(HELP, async (signal) => {
  const options = readOptions()
  if (options === undefined) return undefined
  const { action, filter } = options
  return await withService(async (app) => {
    if (action === 'discard') {
      console.log(`Removed ${await discardSetAside(app.database, filter)} records.`)
      return EXIT_CLEAN
    }
    let foundCount = 0
    let leftCount = 0
    for await (const row of readRows(app, filter)) {
      signal.throwIfAborted()
      foundCount++
      if (action === 'show') console.log(options.revealKeys ? row.record : withoutTexts(row.record))
      if (action === 'list') console.log(describe(app, row, options))
      if (action !== 'replay') continue
      const { read, ask, clockSkewMs } = app.bucketEvents
      const outcome = await replaySetAside(row, { database: app.database, read, ask, clockSkewMs })
      if (isLeft(outcome)) leftCount++
      console.log(`${describe(app, row, options)}  ${outcome}`)
    }
    if (action === 'show' && foundCount === 0) throw new UsageError('There is no such record.')
    return leftCount > 0 ? EXIT_DIFFERENCES : EXIT_CLEAN
  })
})

async function * readRows ({ database }: FastifyInstance, filter: SetAsideFilter): AsyncGenerator<SetAsideRow, undefined> {
  for (let after = 0n; ;) {
    const rows = await listSetAside(database, filter, { after, limit: PAGE_ROWS })
    yield * rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE_ROWS) return
    after = last.id
  }
}

function readOptions (): Options | undefined {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      id: { type: 'string' },
      reason: { type: 'string' },
      since: { type: 'string' },
      all: { type: 'boolean', default: false },
      'reveal-keys': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const [action, ...others] = positionals
  if (others.length > 0 || (action !== 'list' && action !== 'show' && action !== 'replay' && action !== 'discard')) {
    throw new UsageError('Say what to do: list, show, replay or discard.')
  }
  const { id, reason } = values
  if (id !== undefined && !/^\d{1,18}$/.test(id)) throw new UsageError('--id must be a number, as list shows it.')
  const since = values.since === undefined ? undefined : new Date(values.since)
  if (since !== undefined && Number.isNaN(since.getTime())) throw new UsageError('--since must be a time, such as 2026-01-31T12:00:00Z.')
  if (action === 'show' && id === undefined) throw new UsageError('show needs --id.')
  if (action === 'discard' && !values.all && id === undefined && reason === undefined && since === undefined) {
    throw new UsageError('discard needs --id, --reason or --since, or --all.')
  }
  return {
    action, filter: { id: id === undefined ? undefined : BigInt(id), reason, since }, revealKeys: values['reveal-keys'], asJson: values.json,
  }
}

function describe ({ bucketEvents }: FastifyInstance, row: SetAsideRow, { revealKeys, asJson }: Options): string {
  const keys = [...keysOf(row.record, bucketEvents.read)?.keys() ?? []].map((key) => revealKeys ? key : redactObjectKey(key))
  const [id, receivedAt] = [String(row.id), row.receivedAt.toISOString()]
  return asJson
    ? JSON.stringify({ id, receivedAt, reason: row.reason, objects: keys })
    : `${id}  ${receivedAt}  ${row.reason}  ${keys.length === 0 ? '(no key)' : keys.join(' ')}`
}

/**
 * The shape of a record without anything that could be a key: texts, and names unknown to any vendor, are replaced by their
 * lengths.
 */
function withoutTexts (record: string): string {
  try {
    return JSON.stringify(shapeOf(JSON.parse(record)), undefined, 2)
  } catch {
    return `(${record.length} characters that are not JSON)`
  }
}

function shapeOf (value: unknown): unknown {
  if (typeof value === 'string') return `(${value.length} characters)`
  if (Array.isArray(value)) return value.map(shapeOf)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) =>
    [/^[\w-]{1,40}$/.test(name) ? name : `(name of ${name.length} characters)`, shapeOf(part)]))
}
