import { ExponentialBackoff, handleWhen, retry } from 'cockatiel'
import type { components } from '../client/index.js'
import { fileNameOf, parseObjectKey } from '../objects/object-key.js'
import { type Connection, describeRefusal } from './connection.js'
import { TransferError, TransferStoppedError } from './failures.js'

/** A file to fetch. */
export interface WantedFile {
  link: string
  /** Relative to the folder that it goes into. */
  path: string
  /** Undefined until it is known. */
  sizeBytes: number | undefined
}

type RunFile = components['schemas']['RunFile']

const ATTEMPTS = 8
const DELAYS = { initialDelay: 500, maxDelay: 30_000 }

class TransientRefusal extends TransferStoppedError {}

/**
 * The files that download links lead to, with paths that are only their names.
 *
 * @throws {TransferError} if one is not a download link, or two files have the same name
 */
export function filesOfLinks (links: readonly string[]): WantedFile[] {
  const files = links.map((link, index) => ({ link, path: nameOf(link, index), sizeBytes: undefined }))
  const seen = new Set<string>()
  for (const { path } of files) {
    if (seen.has(path)) throw new TransferError('Two of the links lead to files of the same name: fetch them into different folders.')
    seen.add(path)
  }
  return files
}

function nameOf (link: string, index: number): string {
  const { protocol, searchParams } = URL.canParse(link) ? new URL(link) : { protocol: '', searchParams: new URLSearchParams() }
  const objectKey = searchParams.get('objectKey') ?? ''
  // A link is a secret, and is not repeated.
  if (!/^https?:$/.test(protocol) || parseObjectKey(objectKey) === undefined) {
    throw new TransferError(`Link ${index + 1} is no download link, such as put --json and lists of files have. A share link needs --zip or --tar.`)
  }
  return fileNameOf(objectKey)
}

/**
 * The files of a run, in folders named after their directions. If several have the same path, only the newest one.
 *
 * @param run.directions the directions that are wanted
 * @throws {TransferStoppedError} if the list cannot be read
 */
export async function * filesOfRun (
  connection: Connection, run: { workflowId: string, runId: string, directions: ReadonlySet<string> }, signal: AbortSignal,
): AsyncGenerator<WantedFile, undefined> {
  // Files with the same path follow one another in the list.
  let newest = new Map<string, RunFile>()
  for await (const file of listFiles(connection, run, signal)) {
    const [held] = newest.values()
    if (held !== undefined && held.path !== file.path) {
      yield * wanted(newest)
      newest = new Map()
    }
    const rival = newest.get(file.direction)
    if (!run.directions.has(file.direction) || (rival !== undefined && (rival.createdAt ?? '') > (file.createdAt ?? ''))) continue
    newest.set(file.direction, file)
  }
  yield * wanted(newest)
}

function * wanted (files: ReadonlyMap<string, RunFile>): Generator<WantedFile, undefined> {
  for (const { downloadUrl, direction, path, bytes } of files.values()) {
    yield { link: downloadUrl, path: `${direction}/${path}`, sizeBytes: bytes }
  }
}

async function * listFiles (
  connection: Connection, { workflowId, runId }: { workflowId: string, runId: string }, signal: AbortSignal,
): AsyncGenerator<RunFile, undefined> {
  const client = connection.createClient()
  const patience = retry(handleWhen((error) => error instanceof TransientRefusal), {
    maxAttempts: ATTEMPTS - 1, backoff: new ExponentialBackoff(DELAYS),
  })
  for (let cursor: string | null | undefined; cursor !== null;) {
    const from = cursor === undefined ? {} : { cursor }
    const page = await patience.execute(async () => {
      const answer = await client.GET('/api/v1/objects', { params: { query: { workflowId, runId, prefix: '', ...from } }, signal })
        .catch((error: unknown) => {
          signal.throwIfAborted()
          throw error instanceof TransferError ? error : new TransientRefusal('The service does not answer.')
        })
      if (answer.data !== undefined && 'files' in answer.data) return answer.data
      const Refusal = answer.response.status === 429 || answer.response.status >= 500 ? TransientRefusal : TransferStoppedError
      throw new Refusal(describeRefusal(answer.error, answer.response))
    }, signal)
    yield * page.files
    cursor = page.nextCursor
  }
}
