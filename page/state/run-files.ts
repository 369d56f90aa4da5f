import { useMemo } from 'preact/hooks'
import type { Folder, RunFile } from './answers.js'
import type { Entry } from './entry.js'
import type { Service, ServiceError } from './service.js'
import { useAnswer } from './use-answer.js'
import { usePages } from './use-pages.js'

interface RunPage {
  folders: Folder[]
  files: RunFile[]
  nextCursor: string | null
}

/** A folder's entries in the order of their paths, with folders first on each page, as the service lists them. */
export interface ListedFiles {
  /** Undefined until the first page has arrived. */
  entries: readonly Entry[] | undefined
  error: ServiceError | undefined
  isReading: boolean
  hasMore: boolean
  readMore: () => void
  readAgain: () => void
}

interface FolderQuery {
  workflowId: string
  runId: string
  prefix: string
  delimiter: '/'
  sums?: boolean
  cursor?: string
}

async function readPage (service: Service, query: FolderQuery, signal: AbortSignal): Promise<RunPage> {
  const page = await service.ask((client, ended) => client.GET('/api/v1/objects', { params: { query }, signal: ended }), signal)
  // The answer describes one file only if its key was asked for, which it was not.
  if (!('files' in page)) return { folders: [], files: [], nextCursor: null }
  return { folders: page.folders ?? [], files: page.files, nextCursor: page.nextCursor }
}

/**
 * The entries of a folder of a run whose names begin with a text. The contents of the folders on the first page are added up
 * afterwards, since that takes the longer the more they contain.
 *
 * @param folder empty, or ending with a slash
 */
export function useRunFiles (run: { workflowId: string, runId: string }, folder: string, beginning: string): ListedFiles {
  const prefix = folder + beginning
  const query = { ...run, prefix, delimiter: '/' as const }
  const { items, ...pages } = usePages<Entry>(async (service, cursor, signal) => {
    const wanted = cursor === undefined ? query : { ...query, cursor }
    const { folders, files, nextCursor } = await readPage(service, wanted, signal)
    return { items: [...folders.map(entryOfFolder), ...files.map(entryOfFile)], nextCursor }
  }, [run, prefix])
  const hasFolders = items?.some(({ kind }) => kind === 'folder') === true
  const { data: sums } = useAnswer(async (service, signal) => {
    if (!hasFolders) return new Map<string, Folder>()
    const { folders } = await readPage(service, { ...query, sums: true }, signal)
    return new Map(folders.map((each) => [each.path, each]))
  }, [run, prefix, hasFolders])
  const entries = useMemo(() => items?.map((entry, index) => {
    if (entry.kind === 'file') return { ...entry, nth: placeAmongSame(items, index) }
    const sum = sums?.get(entry.path)
    return sum === undefined ? entry : entryOfFolder(sum)
  }), [items, sums])
  return { ...pages, entries }
}

/** Which of several adjacent files with the same path an entry is; undefined for the first or only one. */
function placeAmongSame (entries: readonly Entry[], index: number): number | undefined {
  let first = index
  while (first > 0 && entries[first - 1]?.path === entries[index]?.path) first--
  return first === index ? undefined : index - first + 1
}

function entryOfFolder ({ path, bytes, fileCount }: Folder): Entry {
  return { kind: 'folder', path, bytes, fileCount }
}

function entryOfFile (file: RunFile): Entry {
  return { kind: 'file', path: file.path, file }
}
