import { parseArgs } from 'node:util'
import type { ObjectsClient, components } from '../client/index.js'
import { answerOf } from '../embedded/demo/traffic-client.js'
import { readLifetime } from './lifetime.js'
import { EXIT_CLEAN, UsageError } from './outcome.js'

export const SHARE_HELP = `Makes share links, lists them, and revokes them: expiring links to files, for anyone who has them.

  npm run --silent share -- KEY [--expires-in 7d] [--inline] [--note TEXT] [--json]
  npm run --silent share -- --workflow UUID --run UUID [--prefix plots/] …
  npm run --silent share -- list [--json]
  npm run --silent share -- revoke ID
  npm run --silent share -- revoke-all

  KEY           a file's object key, or its download link
  --workflow    with --run: the run whose files are shared, as they are when the link is opened
  --prefix      only those whose path begins with it
  --expires-in  how long the link lasts: 90s, 15m, 12h or 30d, 30 days at most (7d)
  --inline      files are shown rather than saved, where that is safe
  --note        what the link is for; only the list shows it
  --json        the service's answer as JSON, one object per line
  --url         the service's address (OBJECTS_STORAGE_URL)

The token is in OBJECTS_STORAGE_TOKEN. Without address and token, "npm run share" uses the service that runs here, as the demo
organisation's admin.
The link is printed once, and kept nowhere.

Exit code: 0 done, 2 it could not run.
`

type ListedShare = components['schemas']['ListedShare']

/** Returns a client of the service at an address; undefined means the usual one. */
export type Connect = (url: string | undefined) => Promise<ObjectsClient>

/**
 * Carries out the command that the arguments describe.
 *
 * @returns the exit code, or undefined if it was asked for its help
 * @throws {UsageError}
 * @throws {TrafficError} if the service does not answer, or refuses
 */
export async function runShare (args: readonly string[], signal: AbortSignal, connect: Connect): Promise<number | undefined> {
  const { values, positionals: [what, id, ...rest] } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      workflow: { type: 'string' },
      run: { type: 'string' },
      prefix: { type: 'string' },
      'expires-in': { type: 'string', default: '7d' },
      inline: { type: 'boolean', default: false },
      note: { type: 'string' },
      json: { type: 'boolean', default: false },
      url: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  if (values.url !== undefined && !URL.canParse(values.url)) throw new UsageError('--url must be an address such as http://127.0.0.1:3000.')
  if (rest.length > 0 || (id !== undefined && what !== 'revoke')) throw new UsageError('There are too many arguments: --help names them.')
  switch (what) {
    case 'list': return await list(await connect(values.url), values.json, signal)
    case 'revoke': {
      if (id === undefined) throw new UsageError('Name the link to revoke by its id, as list shows it.')
      const client = await connect(values.url)
      return tellRevocation(await answerOf('DELETE /shares/{id}', client.DELETE('/api/v1/objects/shares/{id}', { params: { path: { id } } })))
    }
    case 'revoke-all': {
      const client = await connect(values.url)
      return tellRevocation(await answerOf('POST /shares/revoke-all', client.POST('/api/v1/objects/shares/revoke-all')))
    }
  }
  const { workflow: workflowId, run: runId, prefix, note } = values
  const common = {
    expiresIn: readLifetime(values['expires-in'], 30),
    ...values.inline ? { type: 'inline' as const } : {},
    ...note === undefined ? {} : { note },
  }
  const isRun = workflowId !== undefined && runId !== undefined
  if (isRun === (what !== undefined)) throw new UsageError('Name either a file by its key, or a run by --workflow and --run.')
  const client = await connect(values.url)
  const body = isRun
    ? { workflowId, runId, ...prefix === undefined ? {} : { prefix }, ...common }
    : { objectKey: keyIn(what ?? ''), ...common }
  const share = await answerOf('POST /shares', client.POST('/api/v1/objects/shares', { body }))
  console.log(values.json ? JSON.stringify(share) : share.url)
  if (!values.json) console.error(`Link ${share.id} ends on ${share.expiresAt}.`)
  return EXIT_CLEAN
}

/** An object key, given by itself or in a download link. */
function keyIn (text: string): string {
  return URL.canParse(text) ? new URL(text).searchParams.get('objectKey') ?? text : text
}

function tellRevocation ({ bytesUntil }: components['schemas']['Revocation']): number {
  console.log(`Revoked. Downloads may still begin until ${bytesUntil}.`)
  return EXIT_CLEAN
}

async function list (client: ObjectsClient, isJson: boolean, signal: AbortSignal): Promise<number> {
  for (let cursor: string | null | undefined; cursor !== null;) {
    signal.throwIfAborted()
    const query = cursor === undefined ? {} : { cursor }
    const page: components['schemas']['ShareList'] =
      await answerOf('GET /shares', client.GET('/api/v1/objects/shares', { params: { query } }))
    for (const share of page.shares) console.log(isJson ? JSON.stringify(share) : lineOf(share))
    cursor = page.nextCursor
  }
  return EXIT_CLEAN
}

function lineOf ({ id, kind, note, expiresAt, revokedAt, useCount, lastUsedAt }: ListedShare): string {
  const state = revokedAt === null ? `ends ${expiresAt}` : `revoked ${revokedAt}`
  const used = lastUsedAt === null ? 'never used' : `used ${useCount.toLocaleString('en')} times, last ${lastUsedAt}`
  return [id, kind.padEnd(9), state, used, note ?? ''].join('  ').trimEnd()
}
