import { parseArgs } from 'node:util'
import type { ObjectsClient } from '../client/index.js'
import { loadConfig } from '../config.js'
import { answerOf, connectTraffic } from '../embedded/demo/traffic-client.js'
import { runCommand } from './command.js'
import { mintDemoToken } from './mint-token.js'
import { addressOfService } from './running-service.js'
import { EXIT_CLEAN, UsageError } from './outcome.js'

const HELP = `Lists what a running service counts: workflows, the runs of one, or the folders and files of a run.

  npm run --silent ls -- [WORKFLOW [RUN [PREFIX]]] [--url URL] [--token JWT] [--json]

  WORKFLOW  a workflow's UUID: lists its runs, latest first
  RUN       a run's UUID: lists its folders and files
  PREFIX    only those whose path begins with this, such as reports/2026/

  --url     the running service; by default the one of DATA_DIR, or at HOST and PORT
  --token   who asks; by default the demo organisation's admin, signed as by npm run token
  --json    one JSON object per line, as the service answered it

For each it prints the bytes, the number of files, the time of the newest one, and the name.

Exit code: 0 done, 2 it could not run.
`
const TOKEN_LIFETIME_SECONDS = 3_600

/** A listed entry, as the service returns it and as a line of text. */
interface Entry {
  answer: object
  bytes: number | undefined
  fileCount: number | undefined
  time: string | null | undefined
  name: string
}

runCommand(HELP, async (signal) => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: 'string' },
      token: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  if (positionals.length > 3) throw new UsageError('There are at most three arguments: a workflow, a run and a prefix.')
  if (values.url !== undefined && !URL.canParse(values.url)) throw new UsageError('--url must be an address such as http://127.0.0.1:3000.')
  const config = loadConfig(process.env)
  const token = values.token ?? await mintDemoToken(config, TOKEN_LIFETIME_SECONDS)
  const client = connectTraffic(values.url ?? addressOfService(config), token)
  for await (const entry of entriesOf(client, positionals)) {
    signal.throwIfAborted()
    console.log(values.json ? JSON.stringify(entry.answer) : lineOf(entry))
  }
  return EXIT_CLEAN
})

function entriesOf (client: ObjectsClient, [workflowId, runId, prefix = '']: readonly string[]): AsyncGenerator<Entry> {
  if (workflowId === undefined) return workflows(client)
  return runId === undefined ? runs(client, workflowId) : folder(client, { workflowId, runId, prefix })
}

async function * workflows (client: ObjectsClient): AsyncGenerator<Entry> {
  yield * pages(async (cursor) => {
    const page = await answerOf('GET /workflows', client.GET('/api/v1/objects/workflows', { params: { query: { ...cursor } } }))
    return {
      entries: page.workflows.map((answer) => ({
        answer,
        ...answer,
        time: answer.newestEventAt,
        name: answer.workflowName === answer.workflowId ? answer.workflowId : `${answer.workflowId}  ${answer.workflowName}`,
      })),
      nextCursor: page.nextCursor,
    }
  })
}

async function * runs (client: ObjectsClient, workflowId: string): AsyncGenerator<Entry> {
  yield * pages(async (cursor) => {
    const page = await answerOf('GET /workflows/{workflowId}/runs', client.GET('/api/v1/objects/workflows/{workflowId}/runs', {
      params: { path: { workflowId }, query: { ...cursor } },
    }))
    return {
      entries: page.runs.map((answer) => ({ answer, ...answer, time: answer.newestEventAt, name: answer.runId })),
      nextCursor: page.nextCursor,
    }
  })
}

async function * folder (
  client: ObjectsClient, run: { workflowId: string, runId: string, prefix: string },
): AsyncGenerator<Entry> {
  yield * pages(async (cursor) => {
    const page = await answerOf('GET /objects', client.GET('/api/v1/objects', {
      params: { query: { ...run, delimiter: '/', sums: true, ...cursor } },
    }))
    if (!('files' in page)) throw new TypeError('The service answered with one file where a folder was asked for.')
    const entries: Entry[] = [
      ...(page.folders ?? []).map((answer) => ({
        answer, bytes: answer.bytes, fileCount: answer.fileCount, time: undefined, name: answer.path,
      })),
      ...page.files.map((answer) => ({ answer, bytes: answer.bytes, fileCount: 1, time: answer.createdAt, name: answer.path })),
    ]
    return { entries, nextCursor: page.nextCursor }
  })
}

/** Reads page after page. */
async function * pages (
  read: (cursor: { cursor?: string }) => Promise<{ entries: Entry[], nextCursor: string | null }>,
): AsyncGenerator<Entry> {
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page: Awaited<ReturnType<typeof read>> = await read(cursor === undefined ? {} : { cursor })
    yield * page.entries
    cursor = page.nextCursor
  }
}

/** A name should have no control characters; in any case none may reach the terminal. */
function lineOf ({ bytes, fileCount, time, name }: Entry): string {
  return [String(bytes ?? '-').padStart(16), String(fileCount ?? '-').padStart(9), (time ?? '-').padEnd(24), name].join('  ')
}
