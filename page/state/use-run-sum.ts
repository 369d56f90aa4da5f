import { useMemo, useRef } from 'preact/hooks'
import type { Entry } from './entry.js'
import { useAnswer } from './use-answer.js'

/** For how many entries of a folder the service adds up their contents: those of its first page. */
const ADDED_UP = 100

/** The total of a run, or of a folder of it. */
export interface RunSum {
  fileCount: number
  bytes: number
}

/**
 * The total of a folder of a run, or of the run itself, added up from its entries. The service states a run's total only in the
 * list of its workflow's runs, so a run with too many entries to be read at once is looked for among the hundred newest.
 *
 * @param folder empty for the run itself
 * @param entries all entries that are known; undefined while the reader has filtered them
 * @returns undefined while it is not known
 */
export function useRunSum (
  { workflowId, runId }: { workflowId: string, runId: string },
  folder: string,
  entries: readonly Entry[] | undefined,
  hasMore: boolean,
): RunSum | undefined {
  const isLong = folder === '' && entries !== undefined && (hasMore || entries.length > ADDED_UP)
  const { data: listed } = useAnswer(async (service, signal) => {
    if (!isLong) return undefined
    const { runs } = await service.ask((client, ended) => client.GET('/api/v1/objects/workflows/{workflowId}/runs', {
      params: { path: { workflowId }, query: { sort: 'firstSeen' } }, signal: ended,
    }), signal)
    return runs.find((run) => run.runId === runId)
  }, [workflowId, runId, isLong])
  const added = useMemo(() => entries === undefined || hasMore ? undefined : addUp(entries), [entries, hasMore])
  // The last total stays while entries are read again.
  const last = useRef<{ folder: string, sum: RunSum } | undefined>(undefined)
  const sum = added ?? listed
  if (sum !== undefined) last.current = { folder, sum }
  return last.current?.folder === folder ? last.current.sum : undefined
}

/** Undefined if the contents of some folder are not known. */
function addUp (entries: readonly Entry[]): RunSum | undefined {
  const sum = { fileCount: 0, bytes: 0 }
  for (const entry of entries) {
    const { fileCount, bytes } = entry.kind === 'folder' ? entry : { fileCount: 1, bytes: entry.file.bytes }
    if (fileCount === undefined || bytes === undefined) return undefined
    sum.fileCount += fileCount
    sum.bytes += bytes
  }
  return sum
}
